"""Decoding in worker processes, so that a crash, a hang or a memory bomb costs one file."""
