"""From records to rows, tables, plots and pages."""
