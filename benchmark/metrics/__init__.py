"""Metrics of directions, one a file: a pure function of stored numbers, or a thin driver of G."""
