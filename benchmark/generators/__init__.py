"""Generators: one architecture per file, their registry, and the bundled weights."""
