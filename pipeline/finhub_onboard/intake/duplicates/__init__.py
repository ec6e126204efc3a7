"""Is a row twice: exact copies over all inputs, and probable ones."""
