"""animeflow turns repositories of raw anime episodes into training-ready datasets."""

__version__ = "0.1.0"
