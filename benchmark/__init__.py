"""Benchmark of methods that find interpretable directions in a GAN's latent space."""

__version__ = "1.0.0rc1"
