"""The HTML page of a run, which opens from disk and needs no network."""
