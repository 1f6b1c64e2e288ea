"""Mirroring other trackers: what :mod:`teams.importing` has read becomes teams, sprints, features and items."""
