"""The window: what it shows, what its keys do."""
