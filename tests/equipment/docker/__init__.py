"""A private Docker Engine and its clients, for tests that run the real compose file."""
