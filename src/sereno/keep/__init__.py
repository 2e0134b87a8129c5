"""Will it come back? Backups, how long they are kept, and the proof that each can be restored."""
