"""A web site on which people judge directions without knowing which method found them."""
