"""The contract of every registered adapter, on `tiny(seed)`: shapes, ranges, batches, determinism, life.

A new kind is under test as soon as it is registered; a new task without an exercise here fails.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from animeflow.errors import ContractError
from animeflow.models import CPU, Adapter, WeightStore, all_adapters
from animeflow.models.text import TextBox
from animeflow.models.transcribe import Interval, Transcript
from animeflow.models.weight_table import WeightTable, load_table

SIZES = [(48, 64), (33, 17), (1, 1), (5, 200), (121, 90)]


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Flat regions, lines and noise."""
    rng = np.random.default_rng(seed)
    frame = np.full((height, width, 3), rng.integers(60, 200, 3), np.uint8)
    frame[height // 3 : height // 2, width // 4 : width // 2] = rng.integers(0, 255, 3)
    frame[::7] //= 2
    return np.clip(frame + rng.normal(0, 4, frame.shape), 0, 255).astype(np.uint8)


def sound(seconds: float, seed: int = 0) -> np.ndarray:
    """Loud and silent seconds in turn."""
    count = round(seconds * 16000)
    loud = (np.arange(count) // 16000) % 2 == 0
    return (np.random.default_rng(seed).normal(0, 0.4, count) * loud).clip(-1, 1).astype(np.float32)


def plain(value: Any) -> Any:
    """A result as bytes and plain values, so that equality means the same bytes."""
    if isinstance(value, np.ndarray):
        return (value.shape, value.dtype.str, value.tobytes())
    if isinstance(value, list | tuple):
        return tuple(plain(one) for one in value)
    if dataclasses.is_dataclass(value):
        return tuple(plain(getattr(value, one.name)) for one in dataclasses.fields(value))
    return value


def check_unit_maps(frames: Sequence[np.ndarray], maps: Any) -> None:
    assert isinstance(maps, list) and len(maps) == len(frames)
    for frame, one in zip(frames, maps, strict=True):
        assert one.shape == frame.shape[:2] and one.dtype == np.float32
        assert np.isfinite(one).all() and one.min() >= 0 and one.max() <= 1


def check_text(frames: Sequence[np.ndarray], lines: Any) -> None:
    assert isinstance(lines, list) and len(lines) == len(frames)
    for frame, boxes in zip(frames, lines, strict=True):
        for box in boxes:
            assert isinstance(box, TextBox) and isinstance(box.text, str)
            assert (box.polygon >= 0).all() and (box.polygon <= np.array(frame.shape[1::-1]) - 1).all()


class Maps:
    """Tasks from frames to one result each."""

    def __init__(self, method: str, check: Callable[[Sequence[np.ndarray], Any], None]) -> None:
        self.method, self.check = method, check

    def call(self, adapter: Any, frames: Sequence[np.ndarray]) -> Any:
        return getattr(adapter, self.method)(frames)

    def shapes(self, adapter: Any) -> None:
        frames = [picture(*size, seed=at) for at, size in enumerate(SIZES)]
        self.check(frames, self.call(adapter, frames))

    def single(self, adapter: Any) -> None:
        frames = [picture(*size, seed=at) for at, size in enumerate(SIZES)]
        assert plain(self.call(adapter, frames)) == plain([self.call(adapter, [one])[0] for one in frames])

    def empty(self, adapter: Any) -> None:
        assert self.call(adapter, []) == []

    def run(self, adapter: Any) -> Any:
        return self.call(adapter, [picture(48, 64), picture(33, 50)])

    def wrong(self) -> list[Any]:
        return [
            [np.zeros((4, 4, 3), np.float32)],
            [np.zeros((4, 4), np.uint8)],
            [np.zeros((0, 4, 3), np.uint8)],
        ]

    def refuse(self, adapter: Any, value: Any) -> None:
        self.call(adapter, value)


class Shots(Maps):
    """Thumbnails of one video -> two probabilities per frame."""

    def __init__(self) -> None:
        super().__init__("probabilities", lambda *_: None)

    @staticmethod
    def thumbs(count: int) -> np.ndarray:
        return np.random.default_rng(count).integers(0, 255, (count, 27, 48, 3), dtype=np.uint8)

    def shapes(self, adapter: Any) -> None:
        for count in (1, 2, 19, 20, 21, 63):
            for one in adapter.probabilities(self.thumbs(count)):
                assert one.shape == (count,) and one.dtype == np.float32
                assert np.isfinite(one).all() and one.min() >= 0 and one.max() <= 1

    def single(self, adapter: Any) -> None:
        """A frame's result does not depend on frames further away than the context and a window."""
        thumbs = self.thumbs(120)
        step = adapter.options.window_frames - 2 * adapter.options.context_frames
        changed = thumbs.copy()
        changed[step + adapter.options.context_frames :] = 0
        assert (adapter.probabilities(thumbs)[0][:step] == adapter.probabilities(changed)[0][:step]).all()

    def empty(self, adapter: Any) -> None:
        assert [one.shape for one in adapter.probabilities(self.thumbs(0))] == [(0,), (0,)]

    def run(self, adapter: Any) -> Any:
        return adapter.probabilities(self.thumbs(40))

    def wrong(self) -> list[Any]:
        return [
            self.thumbs(3).astype(np.float32),
            self.thumbs(3)[:, :, :40],
            np.zeros((3, 48, 27, 3), np.uint8),
        ]


class Flow(Maps):
    """Two frames -> displacement."""

    def __init__(self) -> None:
        super().__init__("flow", lambda *_: None)

    def shapes(self, adapter: Any) -> None:
        for size in SIZES:
            got = adapter.flow(picture(*size), picture(*size, seed=1))
            assert got.shape == (*size, 2) and got.dtype == np.float32 and np.isfinite(got).all()

    def single(self, adapter: Any) -> None:
        """A call leaves nothing behind that changes the next one; luma is what the colours give."""
        a, b, c = picture(48, 64), picture(48, 64, 1), picture(90, 70, 2)
        first = adapter.flow(a, b)
        adapter.flow(c, c[::-1].copy())
        assert (adapter.flow(a, b) == first).all()

    def empty(self, adapter: Any) -> None:
        frame = picture(48, 64)
        assert np.abs(adapter.flow(frame, frame)).max() < 0.05

    def run(self, adapter: Any) -> Any:
        return adapter.flow(picture(48, 64), picture(48, 64, 1))

    def wrong(self) -> list[Any]:
        frame = picture(8, 8)
        return [(frame, picture(8, 9)), (frame.astype(np.float32),) * 2, (np.zeros((0, 8), np.uint8),) * 2]

    def refuse(self, adapter: Any, value: Any) -> None:
        adapter.flow(*value)


class Fill(Maps):
    """Frame and mask -> frame."""

    def __init__(self) -> None:
        super().__init__("fill", lambda *_: None)

    @staticmethod
    def hole(height: int, width: int) -> np.ndarray:
        mask = np.zeros((height, width), bool)
        mask[height // 3 : height // 2 + 1, width // 3 : width // 2 + 1] = True
        return mask if not mask.all() else ~mask

    def shapes(self, adapter: Any) -> None:
        for size in SIZES:
            frame, mask = picture(*size), self.hole(*size)
            got = adapter.fill(frame, mask)
            assert got.shape == frame.shape and got.dtype == np.uint8
            assert (got[~mask] == frame[~mask]).all()

    def single(self, adapter: Any) -> None:
        """What stands under the mask has no influence; a mask of 255 is a mask of True."""
        frame, mask = picture(48, 64), self.hole(48, 64)
        other = frame.copy()
        other[mask] = 0
        assert (adapter.fill(frame, mask) == adapter.fill(other, mask.astype(np.uint8) * 255)).all()

    def empty(self, adapter: Any) -> None:
        frame = picture(48, 64)
        got = adapter.fill(frame, np.zeros((48, 64), bool))
        assert (got == frame).all() and got is not frame

    def run(self, adapter: Any) -> Any:
        return adapter.fill(picture(48, 64), self.hole(48, 64))

    def wrong(self) -> list[Any]:
        frame = picture(8, 8)
        everything = np.ones((8, 8), bool)
        return [(frame, everything), (frame, everything[:7]), (frame, np.zeros((8, 8), np.float32))]

    def refuse(self, adapter: Any, value: Any) -> None:
        adapter.fill(*value)


class Voice(Maps):
    """Sound -> probability per block, intervals."""

    def __init__(self) -> None:
        super().__init__("speech", lambda *_: None)

    def shapes(self, adapter: Any) -> None:
        for count in (0, 1, 511, 512, 513, 16000):
            got = adapter.probabilities(sound(1.0)[:count])
            assert got.shape == (-(-count // 512),) and got.dtype == np.float32
            assert ((got >= 0) & (got <= 1)).all()

    def single(self, adapter: Any) -> None:
        """Intervals are in order, apart, and inside the sound."""
        audio = sound(7.3)
        found = adapter.speech(audio)
        assert found and all(isinstance(one, Interval) for one in found)
        ends = [point for one in found for point in (one.start, one.end)]
        assert ends == sorted(ends) and ends[0] >= 0 and ends[-1] <= len(audio)

    def empty(self, adapter: Any) -> None:
        assert adapter.speech(np.zeros(0, np.float32)) == []
        assert adapter.speech(np.zeros(32000, np.float32)) == []

    def run(self, adapter: Any) -> Any:
        return adapter.probabilities(sound(3.1)), adapter.speech(sound(3.1))

    def wrong(self) -> list[Any]:
        return [np.zeros(800), np.zeros((2, 800), np.float32), np.full(800, np.nan, np.float32)]


class Words(Voice):
    """Sound -> transcript."""

    def __init__(self) -> None:
        super().__init__()
        self.method = "transcribe"

    def shapes(self, adapter: Any) -> None:
        for count in (0, 100, 16000, 50001):
            got = adapter.transcribe(sound(4.0)[:count])
            assert isinstance(got, Transcript) and 0 <= got.language_probability <= 1

    def single(self, adapter: Any) -> None:
        """Segments are in order and inside the sound, with text that does not begin or end in blanks."""
        audio = sound(4.4)
        segments = adapter.transcribe(audio).segments
        assert segments
        for one in segments:
            assert one.interval.end <= len(audio) and one.text == one.text.strip() != ""
            assert one.mean_log_probability <= 0 and 0 <= one.no_speech_probability <= 1
        assert [one.interval.start for one in segments] == sorted(one.interval.start for one in segments)

    def empty(self, adapter: Any) -> None:
        assert adapter.transcribe(np.zeros(0, np.float32)).segments == ()
        assert adapter.transcribe(np.zeros(32000, np.float32)).segments == ()

    def run(self, adapter: Any) -> Any:
        return adapter.transcribe(sound(3.1))


EXERCISES: dict[str, Maps] = {
    "shots": Shots(),
    "text": Maps("read", check_text),
    "segment": Maps("segment", check_unit_maps),
    "matte": Maps("matte", check_unit_maps),
    "flow": Flow(),
    "inpaint": Fill(),
    "transcribe/silero_vad": Voice(),
    "transcribe/faster_whisper": Words(),
}
ADAPTERS = all_adapters()


def exercise_of(adapter: type[Adapter]) -> Maps:
    return EXERCISES.get(f"{adapter.task}/{adapter.kind}") or EXERCISES[adapter.task]


@pytest.fixture(scope="module", params=ADAPTERS, ids=lambda one: f"{one.task}-{one.kind}")
def kind(request: pytest.FixtureRequest) -> type[Adapter]:
    return request.param


@pytest.fixture(scope="module")
def tiny(kind: type[Adapter]) -> Adapter:
    return kind.tiny(7)


@pytest.fixture
def exercise(kind: type[Adapter]) -> Maps:
    return exercise_of(kind)


def test_results_have_the_declared_shapes_types_and_ranges_at_odd_sizes_too(tiny, exercise):
    exercise.shapes(tiny)


def test_a_batch_gives_what_its_items_give_alone(tiny, exercise):
    exercise.single(tiny)


def test_nothing_in_gives_nothing_out(tiny, exercise):
    exercise.empty(tiny)


def test_input_of_another_shape_or_type_is_refused(tiny, exercise):
    for value in exercise.wrong():
        with pytest.raises(ContractError):
            exercise.refuse(tiny, value)


def test_the_same_input_gives_the_same_bytes_in_this_and_in_a_second_adapter(kind, tiny, exercise):
    first = plain(exercise.run(tiny))
    assert plain(exercise.run(tiny)) == first
    assert plain(exercise.run(kind.tiny(7))) == first


def test_another_seed_is_another_model(kind, tiny):
    assert kind.tiny(8).fingerprint != tiny.fingerprint == kind.tiny(7).fingerprint


def test_a_closed_adapter_refuses_calls_and_load_brings_the_same_results_back(kind, exercise):
    adapter = kind.tiny(3)
    before = plain(exercise.run(adapter))
    adapter.close()
    adapter.close()
    with pytest.raises(ContractError, match="not loaded"):
        exercise.run(adapter)
    adapter.load(CPU)
    adapter.load(CPU)
    assert plain(exercise.run(adapter)) == before


def test_close_gives_the_network_up(kind):
    """After close the adapter holds neither arrays, tensors nor sessions."""
    adapter = kind.tiny(3)
    adapter.close()
    kept = {name for name, value in vars(adapter).items() if name.startswith("_") and value}
    assert kept <= {"_device"}


def test_making_an_adapter_reads_no_weights_and_imports_nothing_heavy(kind, monkeypatch):
    monkeypatch.setattr(WeightStore, "resolve", lambda *_: pytest.fail("weights were read"))
    adapter = kind()
    assert adapter.fingerprint and adapter.provenance.kind == kind.kind


def test_the_fingerprint_changes_with_weights_options_and_revision(kind, monkeypatch):
    before = kind().fingerprint
    assert kind().fingerprint == before
    for weight_id in kind.weights:
        assert kind(store=store_with_other(weight_id)).fingerprint != before
    for name, field in kind.options_model.model_fields.items():
        if isinstance(field.default, bool):
            changed = kind.options_model.model_validate({name: not field.default})
            assert kind(changed).fingerprint != before
    monkeypatch.setattr(kind, "revision", kind.revision + 1)
    assert kind().fingerprint != before


def store_with_other(weight_id: str) -> WeightStore:
    """The store with another digest for one row."""
    table = load_table()
    row = table.row(weight_id)
    files = tuple(
        dataclasses.replace(one, sha256=hashlib.sha256(one.sha256.encode()).hexdigest()) for one in row.files
    )
    rows = {**table.rows, weight_id: dataclasses.replace(row, files=files)}
    return WeightStore(table=WeightTable(rows=rows, sets=table.sets))


def test_provenance_names_licence_and_digest_of_every_weight(kind):
    provenance = kind().provenance
    store = WeightStore()
    assert provenance.licence == kind.licence
    assert provenance.weights == {one: store.row(one).sha256 for one in kind.weights}


def test_memory_is_declared_and_grows_with_the_batch(kind):
    adapter = kind()
    assert adapter.vram_bytes(8, (640, 360)) >= adapter.vram_bytes(1, (640, 360)) >= 0


def test_requirements_are_importable_modules_or_come_with_an_extra(kind):
    from animeflow.models.base import EXTRAS

    absent = [name for name in kind.requirements if importlib.util.find_spec(name) is None]
    assert set(absent) <= set(EXTRAS)


def test_global_random_state_and_torch_modes_are_left_alone(kind, exercise):
    import random

    import torch

    def state() -> tuple[Any, ...]:
        numpy_state = np.random.get_state(legacy=True)[1].tobytes()
        modes = torch.are_deterministic_algorithms_enabled(), torch.is_grad_enabled()
        return random.getstate(), numpy_state, torch.get_rng_state().numpy().tobytes(), modes

    before = state()
    exercise.run(kind.tiny(5))
    assert state() == before
