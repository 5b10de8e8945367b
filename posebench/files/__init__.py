"""Untrusted bytes in, safe writes out."""
