"""The desk's clock: which job of which room runs when."""
