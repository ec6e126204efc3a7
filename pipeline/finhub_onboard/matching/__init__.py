"""Matches rows with the ledger: what is known of them, what they lack, and what is stored of a run's inputs."""
