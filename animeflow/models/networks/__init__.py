"""Architectures. Imported inside `load()` only: these modules import torch at their top."""
