"""``onboard rehearse``: proves before a cutover that no row is lost and nobody is registered twice.

A joiner. Promises that nothing reaches the real bank or the real ledger, and that no copy of the input remains: the job
runs against banks within this process, with ledgers and copies in a private folder.
"""
