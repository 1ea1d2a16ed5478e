"""Typed settings: one section per stage package, read from profile, file, environment and command line."""
