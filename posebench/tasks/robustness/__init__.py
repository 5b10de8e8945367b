"""Robustness: conditions, cost and scores of a network on changed photographs and boxes."""
