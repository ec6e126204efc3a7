"""Maps a partner's columns and values to the canonical ones."""
