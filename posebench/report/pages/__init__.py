"""From all of them to pages."""
