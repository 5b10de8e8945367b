"""The built-in architectures, found through entry points like those of other packages."""
