"""The Python front door: what `import posebench as pb` offers as functions. Each is a command of the same name.

Everything heavy is imported inside the function that needs it: `import posebench` imports neither torch nor pandas.
"""
