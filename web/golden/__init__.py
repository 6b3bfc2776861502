"""Tables and golden vectors of the page."""
