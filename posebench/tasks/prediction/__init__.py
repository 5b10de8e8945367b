"""Predict people, photographs and videos with a checkpoint; decode, show and export what a network finds."""
