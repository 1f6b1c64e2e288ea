"""Reads over several tables, each in a number of statements that does not grow with its rows."""
