"""The figures of a run, drawn from its tables and stored answers."""
