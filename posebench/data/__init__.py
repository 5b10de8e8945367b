"""The values that flow: people, predictions, skeletons, the pixel geometry."""
