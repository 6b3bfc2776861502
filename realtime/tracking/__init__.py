"""Finds faces, follows them from frame to frame, and smooths their crops and masks over time."""
