"""The synthetic people: bodies, scenes, paint, and their Instances."""
