"""The built-in architectures, reached through entry points like anyone else's."""
