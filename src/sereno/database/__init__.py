"""The common ground of all tables: metadata, kinds of column, engine and session. No tables of its own."""
