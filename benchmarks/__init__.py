"""Measurements: `./run bench NAME`. A benchmark is a module here with `main() -> dict`, see `report.py`."""
