"""Draws the effects on a frame."""
