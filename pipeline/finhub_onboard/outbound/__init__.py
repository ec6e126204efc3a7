"""The way to the bank: payloads, pacing, sessions and the HTTP client."""
