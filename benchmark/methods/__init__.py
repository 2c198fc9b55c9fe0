"""What a method is, and the method of Voynov & Babenko."""
