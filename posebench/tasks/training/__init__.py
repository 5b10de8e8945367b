"""Train: a job becomes a checkpoint."""
