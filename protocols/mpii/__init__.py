"""MPII single person, PCKh."""
