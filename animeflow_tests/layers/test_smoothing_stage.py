"""Smoothing of a clip: one pass gives what smoothing and judging apart would, and keeps alphas as bytes."""

from __future__ import annotations

import numpy as np

from animeflow.layers.flow import flicker, stabilised
from animeflow.layers.smoothing_stage import Alphas, Read, smooth_alphas
from animeflow.settings.layers import LayersSettings
from animeflow_tests.layers.drawn import clip_of, drawn


def layers_of(shot, clip, *, broken):
    """The true characters as straight RGBA; every third one loses a corner where `broken`."""
    layers = []
    for number, frame in enumerate(clip.firsts):
        alpha = np.rint(shot.alpha[frame] * 255).astype(np.uint8)
        if broken and number % 3 == 1:
            alpha[60:120, 100:200] = 0
        layers.append(np.dstack([shot.frames[frame], alpha]))
    return layers


def test_alphas_are_kept_as_bytes_and_read_as_shares():
    layers = np.random.default_rng(1).integers(0, 256, (3, 6, 8, 4), dtype=np.uint8)
    alphas = Alphas.of(list(layers))
    assert alphas.values.dtype == np.uint8 and len(alphas) == 3
    for alpha, layer in zip(alphas, layers, strict=True):
        assert alpha.dtype == np.float32
        assert np.array_equal(alpha, layer[..., 3].astype(np.float32) / np.float32(255))


def test_what_lies_in_files_is_read_when_it_is_asked_for():
    seen = []
    found = Read([{"n": 1}, {"n": 2}], lambda row: seen.append(row["n"]) or row["n"] * 10)
    assert len(found) == 2 and not seen
    assert found[1] == 20 and seen == [2]


def test_one_pass_is_smoothing_and_two_judgements():
    shot = drawn("cross", frames=16)
    clip = clip_of(shot)
    alphas = Alphas.of(layers_of(shot, clip, broken=True))
    found = smooth_alphas(clip, alphas, LayersSettings())
    steady = list(stabilised(clip.picture, alphas))
    assert found.done
    assert found.before == flicker(clip.picture, alphas)
    assert found.after == flicker(clip.picture, steady) < found.before
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(found.alphas, steady, strict=True))


def test_a_steady_clip_and_a_single_drawing_stay_as_they_are():
    shot = drawn("cross", frames=16)
    clip = clip_of(shot)
    alphas = Alphas.of(layers_of(shot, clip, broken=True))
    calm = LayersSettings.model_validate({"smoothing": {"min_excess": 255.0}})
    found = smooth_alphas(clip, alphas, calm)
    assert not found.done and found.alphas is alphas and found.before == found.after
    still = drawn("cross", frames=1)
    one = clip_of(still)
    alone = smooth_alphas(one, Alphas.of(layers_of(still, one, broken=False)), LayersSettings())
    assert not alone.done and alone.before is None
