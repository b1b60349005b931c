"""The checks of a submission: `run.py` runs them, one file each. No Django in here."""
