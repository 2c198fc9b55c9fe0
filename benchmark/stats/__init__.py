"""Statistics of direction studies: pure functions, arrays and frames in, frozen results out."""
