"""Reconstructor classification accuracy: the protocol, the questions, R and its training."""
