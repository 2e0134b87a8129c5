"""Who must know: notices of incidents, from a durable outbox, by whatever channel people read."""
