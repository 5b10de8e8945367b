"""From rows, runs and diagnoses to plots."""
