"""Drawing that report and study share: the look of figures, and charts of rows."""
