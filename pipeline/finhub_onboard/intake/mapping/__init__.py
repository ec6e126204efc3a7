"""Whose names are these: a partner's columns and values become the canonical ones."""
