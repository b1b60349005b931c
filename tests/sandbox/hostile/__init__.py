"""Hostile programs, each with its expected verdict in its own header; see README.md."""
