"""Check, show and pack the people of a dataset."""
