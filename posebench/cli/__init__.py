"""The command line: options, and what a person sees."""
