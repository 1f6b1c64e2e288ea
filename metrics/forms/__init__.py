"""Forms of KPIs, objectives and status updates."""
