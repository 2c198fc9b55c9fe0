"""The tables of a run: RCA, comparisons, ablations, and the settings that were tried."""
