"""Writes finished frames: video, masks, JSON lines, virtual camera."""
