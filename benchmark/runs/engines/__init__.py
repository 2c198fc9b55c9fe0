"""Engines: where the units of a grid are computed. A backend a file, one loop for all of them."""
