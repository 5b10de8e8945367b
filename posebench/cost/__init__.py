"""Counting what a network costs, and timing it."""
