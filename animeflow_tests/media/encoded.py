"""Sources encoded for a test, and the comparison of what came out with what went in."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from animeflow.media.decode.reader import open_video
from animeflow.media.encode.encoders import svt
from animeflow.media.encode.fidelity import fidelity_rows
from animeflow.media.encode.fidelity_row import FidelityRow
from animeflow.media.encode.plan import EncodePlan, make_plan
from animeflow.media.encode.video import encode_video
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.media.probe.file import Probe, probe
from animeflow_tests.media.numbered import write_numbered


def frame_times(path: Path) -> list[int]:
    with open_video(path, purpose="test") as reader:
        return [f.pts for f in reader]


def encode(source: Path, target: Path, audio: Literal["copy", "opus"] = "copy") -> tuple[EncodePlan, Probe]:
    pts = frame_times(source)
    plan = make_plan(probe(source), cuts=[], pts=pts, encoder=svt("draft"), audio=audio)
    encode_video(plan, target, cuts=[], pts=pts)
    return plan, probe(target)


def compare(
    plan: EncodePlan, result: Probe, *, digests: bool = True, pts: list[int] | None = None
) -> list[FidelityRow]:
    return fidelity_rows(plan.probe, plan, result, ffmpeg=ffmpeg_path(), digests=digests, pts=pts)


def with_sound(path: Path, *codec: str) -> Path:
    return write_numbered(path, 48, "-f", "lavfi", "-i", "sine=440:d=2", "-map", "0:v", "-map", "1:a", *codec)


def encode_decoded(
    source: Path, target: Path, audio: Literal["copy", "opus"] = "copy"
) -> tuple[EncodePlan, Probe, list[int]]:
    """As a source is encoded whose packets tell of other times than its frames have."""
    pts = frame_times(source)
    plan = make_plan(probe(source), cuts=[], pts=pts, encoder=svt("draft"), audio=audio, decoded=True)
    encode_video(plan, target, cuts=[], pts=pts)
    return plan, probe(target), pts
