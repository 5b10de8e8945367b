"""What the results folder contains: records, its layout, its names."""
