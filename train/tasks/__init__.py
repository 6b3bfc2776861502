"""The two things that are learnt, and all that differs between them."""
