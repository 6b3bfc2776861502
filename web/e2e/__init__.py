"""What the end-to-end tests compare the page with."""
