"""What is asked of a generator before any work: the points of its contract."""
