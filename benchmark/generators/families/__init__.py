"""One architecture of generators a file, and the layers that some of them share."""
