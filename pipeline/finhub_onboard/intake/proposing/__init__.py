"""Proposes a profile from a sample: by its column names, words, dates and numbers."""
