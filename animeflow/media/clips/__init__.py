"""Clips cut out of an encode, as files."""
