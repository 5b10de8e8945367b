"""Why a score is what it is: one module for each question about a predictions file."""
