"""Runs: settings, the grid of cells, the runner, cost estimates and stored results."""
