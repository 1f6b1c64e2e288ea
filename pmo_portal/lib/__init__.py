"""Helpers without models. Imports no app; every app may import it."""
