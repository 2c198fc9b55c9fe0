"""Directions in the files of other projects: which layouts there are, and how each is read."""
