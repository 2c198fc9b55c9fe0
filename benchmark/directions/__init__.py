"""Directions: the shift that moves latents, the file that stores it, and what people called it."""
