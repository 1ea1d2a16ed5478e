"""The kinds of shots, by what makes them hard."""
