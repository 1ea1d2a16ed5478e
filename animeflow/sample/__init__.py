"""The drawn sample: cel animation with known truth, deterministic from a seed."""

from animeflow.sample.chroma import round_trip_420
from animeflow.sample.compose import recompose
from animeflow.sample.shots import SHOT_KINDS, draw_shot
from animeflow.sample.style import Style
from animeflow.sample.truth import DrawnShot, TextTruth

__all__ = ["SHOT_KINDS", "DrawnShot", "Style", "TextTruth", "draw_shot", "recompose", "round_trip_420"]
