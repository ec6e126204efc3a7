"""The bank's contract (API.md, openapi.yaml), pure: the request of each call, and how answers are parsed."""
