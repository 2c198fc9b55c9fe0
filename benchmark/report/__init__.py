"""The report of a run: everything that is drawn or written from what its cells stored."""
