"""Generators: one architecture a file, bundled weights, and what makes a frozen one fast."""
