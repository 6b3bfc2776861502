"""Rows of runs that differ in a few options, and their table."""
