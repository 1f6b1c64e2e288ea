"""How to get better. Its rooms come with the practice issues; today it owns no model and no page."""
