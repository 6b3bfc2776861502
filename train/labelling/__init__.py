"""Photos become label sets: landmarks, label maps drawn from them, people's outlines, other data sets."""
