"""Generators of other projects: each layout of a file becomes a state dict that a family reads."""
