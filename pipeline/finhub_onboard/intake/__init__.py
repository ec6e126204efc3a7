"""The first stage: files become checked customers and violations. Knows nothing of the bank."""
