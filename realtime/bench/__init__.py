"""The benchmark: `python -m realtime.bench`."""
