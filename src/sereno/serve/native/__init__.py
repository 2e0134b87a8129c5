"""Running components as processes of this machine, under Supervisor."""
