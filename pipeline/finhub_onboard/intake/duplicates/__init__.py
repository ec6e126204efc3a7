"""Finds duplicates over all inputs: exact and probable ones."""
