"""Settings, profiles and what was asked for: the only owner of pydantic and tomllib."""
