"""Studies: questions as files. The runs that answer one, and the report on them."""
