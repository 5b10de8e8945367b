"""What a plugin promises, checked."""
