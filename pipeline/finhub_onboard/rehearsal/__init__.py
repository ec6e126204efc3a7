"""``onboard rehearse``: the user's own proof that nothing is lost and nobody comes twice, before a cutover.

A joiner. Promises that nothing of it reaches the real bank or the real ledger, and that no copy of the input outlives
it: the job runs against banks within this process, with ledgers and copies in a folder of its own.
"""
