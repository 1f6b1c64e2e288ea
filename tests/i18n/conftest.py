"""Tests of words share one world a module."""

from tests.stage import db, stage

__all__ = ["db", "stage"]
