"""From records to rows, and to tables in every form."""
