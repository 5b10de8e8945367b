"""FLIC, PCK."""
