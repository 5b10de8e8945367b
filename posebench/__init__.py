"""posebench: benchmark and evaluation harness for 2D human pose architectures."""

__version__ = "0.1.0"
