"""Segmentation, background (cel plate), character, effects, smoothing, proof of quality."""
