"""Checks of what a plugin must do."""
