"""Planted bugs, kept as patches, and the tests that must kill them."""
