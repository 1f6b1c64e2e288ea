"""What this app offers the others: navigation, palette, home. Filled in as pages arrive."""
