"""How good a network is: one file per measure, tables and pictures of the scores."""
