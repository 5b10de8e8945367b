"""Evaluate, explain and compare: predictions files → scores, records and differences."""
