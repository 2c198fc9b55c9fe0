"""Pictures of what directions do to images: strips, evolution, named directions, sprites."""
