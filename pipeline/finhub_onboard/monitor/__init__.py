"""``onboard monitor``: a live page of the runs of a ledger, on this machine only; nothing is ever written."""
