"""What people send: typed, checked, and said wrong beside the field."""
