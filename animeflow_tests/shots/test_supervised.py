"""The one decode in its worker process: same rows, same counts, and what a crash leaves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from animeflow.errors import DecodeError
from animeflow.media.decode.reader import counting_decodes
from animeflow.media.isolation import worker_process
from animeflow.models.text import TextBox
from animeflow.settings.shots import ShotsSettings
from animeflow.shots.signals import analyse
from animeflow.shots.text import read_text
from animeflow_tests.shots.made import VIDEO, scene, write_video

FRAMES = 40
THERE = ShotsSettings.model_validate({"text": {"min_edge_share": 0}})
HERE = THERE.model_copy(update={"decode": THERE.decode.model_copy(update={"isolate": False})})


class Reader:
    """Reads the mean of a picture."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def read(self, frames: Sequence[np.ndarray]) -> list[list[TextBox]]:
        self.shapes += [frame.shape for frame in frames]
        corners = np.zeros((4, 2), np.float32)
        return [[TextBox(corners, f"{frame.mean():.3f}", 0.9)] for frame in frames]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pictures = [scene(number // 7) for number in range(FRAMES)]
    return write_video(tmp_path_factory.mktemp("supervised") / "v.mkv", pictures)


def test_rows_text_and_counts_are_those_of_this_process(video: Path) -> None:
    found = []
    for settings in (HERE, THERE):
        with counting_decodes() as counted:
            tables = analyse(video, video_id=VIDEO, settings=settings, text_reader=Reader())
            sparse = read_text(
                video, video_id=VIDEO, settings=settings.text, decode=settings.decode, text_reader=Reader()
            )
        found.append((*tables, sparse, dict(counted)))
    here, there = found
    assert here[1].num_rows == 4
    assert here[2].equals(here[1])
    assert all(a.equals(b) for a, b in zip(here[:3], there[:3], strict=True))
    assert here[3] == there[3]


def test_the_worker_has_no_model_and_reading_is_done_here(video: Path) -> None:
    reader = Reader()
    analyse(video, video_id=VIDEO, settings=THERE, text_reader=reader)
    assert {shape[2] for shape in reader.shapes} == {3}
    worker = worker_process.POOL.take()
    maps = Path(f"/proc/{worker.pid}/maps").read_text()
    worker_process.POOL.give(worker)
    assert not [name for name in ("libtorch", "onnxruntime", "libcuda") if name in maps]


@pytest.mark.parametrize("frame", [0, 25])
@pytest.mark.parametrize(
    ("kind", "reason"), [("segv", "decoder_crashed"), ("bomb", "out_of_memory"), ("hang", "timeout")]
)
def test_what_strikes_at_a_frame_costs_this_call_alone(
    kind: str, reason: str, frame: int, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker_process.POOL.close()
    monkeypatch.setattr(
        worker_process, "worker_arguments", lambda: ("--fault", f"{kind}:analysis:{frame}:v.mkv")
    )
    limited = THERE.decode.model_copy(update={"stall_s": 5.0 if kind == "hang" else 60.0, "memory_mb": 256})
    with pytest.raises(DecodeError) as error:
        analyse(video, video_id=VIDEO, settings=THERE.model_copy(update={"decode": limited}))
    assert (error.value.reason, error.value.transient) == (reason, False)
    monkeypatch.undo()
    assert analyse(video, video_id=VIDEO, settings=THERE)[0].num_rows == FRAMES
