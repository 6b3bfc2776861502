"""One training run: steps, optimizer, checkpoints, stop and resume."""
