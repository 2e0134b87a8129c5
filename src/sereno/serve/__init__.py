"""The machine: what runs, where, in what order."""
