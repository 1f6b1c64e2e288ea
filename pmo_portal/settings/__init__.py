"""Settings: `base` says everything; `development`, `production` and `test` only what differs."""
