"""How is a file written: packing, encoding, dialect, records."""
