"""Predicting, and fast ways of running a network."""
