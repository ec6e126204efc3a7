"""The connection to the bank: pacing, sessions, transports and the HTTP client."""
