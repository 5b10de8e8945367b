"""The built-in protocols, reached through entry points like anyone else's."""
