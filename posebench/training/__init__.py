"""The training loop, checkpoints, published weights."""
