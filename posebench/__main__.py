"""`python -m posebench`."""

from posebench.cli import main

main()
