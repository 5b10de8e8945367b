"""Pure rules and statistics on arrays: PCK, OKS, average precision, bootstrap, comparison, rank ranges."""
