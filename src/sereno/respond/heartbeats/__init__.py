"""Signs of life: from cron jobs, from other Serenos, from whatever is to be missed when it falls silent."""
