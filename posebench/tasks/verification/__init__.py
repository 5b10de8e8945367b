"""Verify records, and bundle them with what verifies them."""
