"""What training makes small, one file per task."""
