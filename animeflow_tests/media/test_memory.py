"""Every ffmpeg that decodes, filters or encodes has a limit of memory: past it, it is killed and says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from animeflow.errors import EncodeError
from animeflow.media.clips import cut
from animeflow.media.clips import files as clip_files
from animeflow.media.encode import quality, restore, shot_groups, verify
from animeflow.media.encode.encoders import svt
from animeflow.media.encode.plan import make_plan
from animeflow.media.encode.video import encode_video
from animeflow.media.ffmpeg import ffmpeg_path, memory_for
from animeflow.media.probe import stream_facts
from animeflow.media.probe.file import probe
from animeflow.media.probe.scan import Scan, scan
from animeflow_tests.media.encode.test_shot_groups import CUTS, grouped, pts_of
from animeflow_tests.media.fields import FILM, TELECINE, TFF, drawn, write_fields

LITTLE = 1 << 20  # no process fits into it


def groups(source: Path, folder: Path) -> None:
    pts = pts_of(source)
    encode_video(grouped(source, pts), folder / "out.mkv", cuts=CUTS, pts=pts, workers=1)


def metric(source: Path, folder: Path) -> None:
    pts = pts_of(source)
    plan = make_plan(probe(source), cuts=CUTS, pts=pts, encoder=svt("draft"), threads=1)
    encode_video(plan, folder / "out.mkv", cuts=CUTS, pts=pts, metric="ssim")


def sample(source: Path, folder: Path) -> None:
    taken = quality.Sample(source, range(8), svt("draft"), folder)
    taken.measure("ssim", 30.0, ffmpeg=ffmpeg_path(), threads=1, timeout_s=60)


def clip(source: Path, folder: Path) -> None:
    cut.cut_clip(cut.clip_source(source), folder / "clip.mkv", start=5, end=20, encoder=svt("draft"))


def muted(source: Path, folder: Path) -> None:
    clip_files.mute(
        source, folder / "mute.mkv", held=(), ticks=1000, ffmpeg=slow_ffmpeg(folder), timeout_s=60
    )


def described(source: Path, folder: Path) -> None:
    stream_facts.describe_video(source, 0, slow_ffmpeg(folder))


def slow_ffmpeg(folder: Path) -> Path:
    """ffmpeg that begins a second late: what copies a few packets is else over before anybody looks at it."""
    path = folder / "slow-ffmpeg"
    path.write_text(f'#!/bin/bash\nsleep 1\nexec "{ffmpeg_path()}" "$@"\n')
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("module", "name", "limit", "call"),
    [
        (shot_groups, "memory_for", lambda *_: LITTLE, groups),
        (verify, "memory_for", lambda *_: LITTLE, metric),
        (quality, "memory_for", lambda *_: LITTLE, sample),
        (cut, "memory_for", lambda *_: LITTLE, clip),
        (clip_files, "MEMORY_WITHOUT_DECODER", LITTLE, muted),
        (stream_facts, "MEMORY_WITHOUT_DECODER", LITTLE, described),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_process_past_its_limit_is_killed_with_that_reason(
    module: object,
    name: str,
    limit: object,
    call: Callable[[Path, Path], None],
    plain_mkv: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    call(plain_mkv, tmp_path)  # within the real limit it goes through
    monkeypatch.setattr(module, name, limit)
    with pytest.raises(EncodeError, match="took more than 1 MB of memory and was killed") as error:
        call(plain_mkv, tmp_path)
    assert error.value.reason == "out_of_memory"


def test_a_restoration_past_its_limit_is_killed_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_fields(tmp_path / "t.mkv", drawn(48), rate=FILM, filters=TELECINE, codec=TFF)
    facts = probe(path)
    found: Scan = scan(path, facts)
    monkeypatch.setattr(restore, "memory_for", lambda *_: LITTLE)
    with pytest.raises(EncodeError, match="took more than 1 MB of memory") as error:
        restore.restore(path, facts, found, tmp_path / "film.mkv", mixed=True)
    assert error.value.reason == "out_of_memory"
    assert list(tmp_path.iterdir()) == [path]


def test_larger_pictures_may_take_more() -> None:
    assert memory_for(1920, 1080) > memory_for(1280, 720) > 3 << 30
