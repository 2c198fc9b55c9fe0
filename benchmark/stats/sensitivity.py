"""Two other ways to the same comparison: does the conclusion hang on the test that was chosen?

The marginal model (GEE) weighs judgments instead of directions. The two-way bootstrap lets the
annotators vary too, and counts the noise of single judgments more than once: it is conservative,
near 0% false positives at a nominal 5%.
"""
