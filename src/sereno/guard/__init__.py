"""Who may? accounts, roles, sessions, API tokens, audit trail."""
