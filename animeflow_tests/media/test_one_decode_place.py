"""Frames are decoded in one place. A second one would not be counted, limited, or held to the allow-lists."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import animeflow

ROOT = Path(animeflow.__file__).parent
# Calls that open a video or start a decoder, by the last part of their name.
READERS = {"VideoCapture", "VideoReader", "VideoDecoder", "get_reader", "imiter"}


def calls_of(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """(dotted name, node) of all calls in a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


def opens_for_writing(call: ast.Call) -> bool:
    modes = [*call.args[1:2], *(k.value for k in call.keywords if k.arg == "mode")]
    return any(isinstance(mode, ast.Constant) and mode.value == "w" for mode in modes)


def opens_a_video(name: str, call: ast.Call) -> bool:
    if name in ("av.open", "av.container.open"):
        return not opens_for_writing(call)
    return name.rsplit(".", 1)[-1] in READERS


def test_no_room_but_media_opens_a_video() -> None:
    offenders = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules()
        if room_of(path) != "media"
        for name, call in calls_of(path)
        if opens_a_video(name, call)
    ]
    assert offenders == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("av.open(path)", True),
        ("av.open(path, 'r')", True),
        ("av.open(path, mode=mode)", True),
        ("av.open(path, 'w', format='matroska')", False),
        ("av.open(path, mode='w')", False),
        ("cv2.VideoCapture(path)", True),
        ("Image.open(path)", False),
    ],
)
def test_the_check_tells_readers_from_writers(source: str, found: bool) -> None:
    call = ast.parse(source, mode="eval").body
    assert isinstance(call, ast.Call)
    assert opens_a_video(ast.unparse(call.func), call) is found


def test_the_rooms_of_the_graph_start_no_process_of_their_own() -> None:
    """ffmpeg goes through `run_command`, which limits, watches and kills what it starts."""
    calls = {
        "subprocess.Popen",
        "subprocess.run",
        "subprocess.check_output",
        "subprocess.check_call",
        "os.system",
    }
    rooms = {"media", "source", "shots", "measures", "curation", "layers", "annotation", "speech", "delivery"}
    offenders = {
        path.relative_to(ROOT).as_posix()
        for path in modules()
        if room_of(path) in rooms and any(name in calls for name, _ in calls_of(path))
    }
    assert offenders == {"media/command.py"}


def test_only_the_decoding_worker_is_a_process_that_stays() -> None:
    """`spawn` leaves the ending to its caller: beside `run_command` that is the pool of workers."""
    callers = {
        path.relative_to(ROOT).as_posix()
        for path in modules()
        if any(name.rsplit(".", 1)[-1] == "spawn" for name, _ in calls_of(path))
    }
    assert callers == {"media/command.py", "media/isolation/worker_process.py"}


def test_within_media_only_two_modules_feed_decoders() -> None:
    """pictures.py counts pictures, audio.py reads sound."""
    decoders = (".codec_context.decode", "container.decode", "packet.decode", "stream.decode")
    found = {
        path.relative_to(ROOT / "media").as_posix()
        for path in (ROOT / "media").rglob("*.py")
        if any(name.endswith(decoders) for name, _ in calls_of(path))
    }
    assert found == {"decode/pictures.py", "audio.py"}


def test_importing_the_room_loads_no_codec_library() -> None:
    heavy = ("av", "cv2", "PIL", "torch", "imageio_ffmpeg", "dagster")
    files = sorted((ROOT / "media").rglob("[a-z]*.py"))
    names = ", ".join(".".join(("animeflow", *p.relative_to(ROOT).with_suffix("").parts)) for p in files)
    code = f"import sys; import {names}; print([m for m in {heavy!r} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_media_open_is_open_video() -> None:
    from animeflow import media
    from animeflow.media.decode.reader import open_video

    assert media.open is open_video
    assert all(hasattr(media, name) for name in media.__all__)
    with pytest.raises(AttributeError):
        _ = media.no_such_name
