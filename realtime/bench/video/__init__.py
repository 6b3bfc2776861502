"""Measures the whole loop on a video."""
