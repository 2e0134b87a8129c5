"""How is it, and what did we promise? metrics, alert rules, dashboards."""
