"""The eight phases, a module each: the next move, what replies mean, how a step in doubt is settled, what to ask.

The requests and how answers are parsed are the bank's contract: ``finhub``. Pure.
"""
