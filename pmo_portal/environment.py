"""The environment the portal is configured by: its variables, and those of a `.env` file beside manage.py.

A variable that is really set wins over the file. docs/operations.md lists them all.
"""

from pathlib import Path

import environ

PROJECT = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(PROJECT / ".env")
