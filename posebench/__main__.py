"""`python -m posebench`."""

from posebench.cli.main import main

main()
