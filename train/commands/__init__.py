"""`python -m train ...`: options in, one call, what was written out."""
