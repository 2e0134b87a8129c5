"""Will it come back? Backups with their proofs, and certificates renewed in time."""
