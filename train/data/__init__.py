"""Folders of faces of every kind, their splits, classes and order."""
