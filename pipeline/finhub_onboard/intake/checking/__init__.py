"""Is a row right: cells cleaned, values normalised and judged by the schema."""
