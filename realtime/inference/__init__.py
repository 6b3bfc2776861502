"""Loads a model file, checks it, and runs it on an execution provider."""
