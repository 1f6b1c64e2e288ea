"""What pages read when it takes more than one queryset."""
