"""The demo organisation's work: a year of sixteen invented teams, and a slice of a real product beside them."""
