"""Painters of places: each fills an easel."""
