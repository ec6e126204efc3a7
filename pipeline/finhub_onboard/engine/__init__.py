"""Everything that lives as long as a run."""
