"""Rows matched with the ledger: what is known of them, what they lack, what a run must remember of its inputs."""
