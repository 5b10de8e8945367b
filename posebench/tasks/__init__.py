"""The verbs (train, predict, evaluate, compare, explain, export) as functions that return values and know no terminal."""
