"""The demo organisation's work: half a year of six invented teams, and a slice of a real product beside them."""
