"""What an author of a plugin imports, and the registry that finds plugins."""
