"""Settings: `base` holds what all share, `demo`, `test` and `production` hold what differs."""
