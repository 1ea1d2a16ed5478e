"""The drawn sample: cel animation with known truth, deterministic from a seed."""

from animeflow.sample import chroma
from animeflow.sample.chroma import round_trip_420
from animeflow.sample.compose import recompose
from animeflow.sample.demo import DEMO_SEED, DrawnSample, draw_sample
from animeflow.sample.episode import draw_episode
from animeflow.sample.episode_truth import EpisodeTruth, ShotTruth, TransitionTruth
from animeflow.sample.plans import ACCURACY_PLANS, DEMO_PLAN, DEMO_PLANS, FAST_EDIT, Plan, Step
from animeflow.sample.shots import SHOT_KINDS, draw_shot
from animeflow.sample.style import Style
from animeflow.sample.truth import DrawnShot, TextTruth

__all__ = [
    "ACCURACY_PLANS",
    "DEMO_PLAN",
    "DEMO_PLANS",
    "DEMO_SEED",
    "FAST_EDIT",
    "SHOT_KINDS",
    "DrawnSample",
    "DrawnShot",
    "EpisodeTruth",
    "Plan",
    "ShotTruth",
    "Step",
    "Style",
    "TextTruth",
    "TransitionTruth",
    "chroma",
    "draw_episode",
    "draw_sample",
    "draw_shot",
    "recompose",
    "round_trip_420",
]
