"""A study handed over: one folder with its data, their codebook, and what reproduces its tables."""
