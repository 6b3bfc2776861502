"""Measures model files on execution providers."""
