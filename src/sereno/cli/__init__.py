"""The command line: one module per room, one short function per command."""
