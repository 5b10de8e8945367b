"""Leeds Sports Pose (LSP) and its extension (LSPET): PCK and strict PCP."""
