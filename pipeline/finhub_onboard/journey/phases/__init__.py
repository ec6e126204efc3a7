"""The eight phases, a module each: what comes next, what a reply means, how a doubt is settled, what a person is asked.

What is sent for a phase and how its answers are read is the bank's contract: ``finhub``. Pure.
"""
