"""Training small generators on real images, and judging what they learned."""
