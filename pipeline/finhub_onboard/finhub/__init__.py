"""The bank's contract (API.md, openapi.yaml), pure: what is sent for each call, and how answers are read."""
