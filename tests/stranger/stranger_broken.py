"""A plugin whose import fails, as a stranger's may."""

raise RuntimeError("needs a library that nobody has")
