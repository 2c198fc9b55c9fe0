"""Runs: settings, the grid of cells, the runner, cost estimates and stored results."""

from pathlib import Path

PRESETS = Path(__file__).parent / "presets"  # of settings, one TOML file each
