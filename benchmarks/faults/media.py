"""The sources of the campaign: a mini shard, and files that are wrong in every way of the list."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.sample import draw_episode
from animeflow.sample.style import Style

# Every stage has work, and none has much: what is killed is the writing, not the arithmetic.
SIZE = (256, 144)
PLAN = (("held_limb", 64, "cut"), ("pan", 12, "cut"), ("cross", 44, "cut"))  # 120 frames: 5 s at 24 a second
STYLE = Style(hold=(12,))  # half a second a drawing; only the pan has one per frame
TINY = (("pan", 14, "cut"), ("held_limb", 14, "cut"))

ODD_NAMES = (
    "with  two spaces.mkv",
    "quote ' and \" quote.mkv",
    "new\nline.mkv",
    "第01話 はじまり.mkv",
    "percent %s {0} $HOME `id`.mkv",
    "-dash first.mkv",
    "x" * 196 + ".mkv",
)


def mini_shard(folder: Path) -> Path:
    """One good video of 5 s and one broken: a file of the same episode that ends in the middle."""
    shard = folder / "season"
    shard.mkdir(parents=True)
    draw_episode(
        shard / "good.mkv", seed=11, plan=PLAN, size=SIZE, style=STYLE, truth=folder / "truth", layers=False
    )
    data = (shard / "good.mkv").read_bytes()
    (shard / "broken.mkv").write_bytes(data[: len(data) // 3])
    return folder_of(shard)


def folder_of(shard: Path) -> Path:
    """The source: the folder above the shard, without the truth."""
    source = shard.parent / "source"
    source.mkdir()
    shutil.move(str(shard), source / shard.name)
    return source


def tiny_video(folder: Path) -> Path:
    """A video of just over a second, of which the hostile files are made."""
    path = folder / "tiny.mkv"
    draw_episode(path, seed=12, plan=TINY, size=SIZE, truth=folder / "tiny.truth", layers=False)
    return path


def hostile_shard(tiny: Path, shard: Path) -> dict[str, str]:
    """Files of every kind of badness beside a good one; {name: what is expected of it}: `ok` or words of Reason."""
    shard.mkdir(parents=True)
    data = tiny.read_bytes()
    expected = {"good.mkv": "ok", "empty.mkv": "empty_file", "text.mkv": "not_media"}
    shutil.copy(tiny, shard / "good.mkv")
    (shard / "empty.mkv").write_bytes(b"")
    (shard / "text.mkv").write_text("this is no video\n" * 200, encoding="utf-8")
    (shard / "truncated.mkv").write_bytes(data[: len(data) // 2])
    expected["truncated.mkv"] = "truncated corrupt undecodable unreadable not_media"
    _ffmpeg("-i", str(tiny), "-map", "0:a", "-c", "copy", str(shard / "audio only.mkv"))
    expected["audio only.mkv"] = "no_video"
    _ffmpeg("-i", str(tiny), "-map", "0:v", "-frames:v", "1", "-c", "copy", str(shard / "one frame.mkv"))
    expected["one frame.mkv"] = "too_short no_video"
    _ffmpeg(
        "-i", str(tiny), "-map", "0:v", "-map", "0:a", "-c", "copy", "-t", "1", str(shard / "remuxed.mp4")
    )
    (shard / "remuxed.mp4").rename(shard / "wrong extension.avi")
    expected["wrong extension.avi"] = "ok"
    playlist = f"#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:1,\nfile:{tiny}\n#EXT-X-ENDLIST\n"
    (shard / "playlist.mkv").write_text(playlist, encoding="utf-8")
    expected["playlist.mkv"] = "playlist not_media"
    (shard / "concat.mkv").write_text(f"ffconcat version 1.0\nfile '{tiny}'\n", encoding="utf-8")
    expected["concat.mkv"] = "playlist not_media"
    shutil.copy(tiny, shard / "second copy.mkv")
    expected["second copy.mkv"] = "duplicate_of"
    return expected


def odd_names_shard(tiny: Path, shard: Path) -> list[str]:
    """Good videos with odd names. Each differs by one byte of junk at its end, so that none is a duplicate."""
    shard.mkdir(parents=True)
    data = tiny.read_bytes()
    for place, name in enumerate(ODD_NAMES):
        void = (
            b"\xec" + bytes([0x80 + place + 1]) + b"\0" * (place + 1)
        )  # an EBML Void element: no demuxer minds
        (shard / name).write_bytes(data + void)
    return list(ODD_NAMES)


def _ffmpeg(*words: str) -> None:
    command = [str(ffmpeg_path()), "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *words]
    subprocess.run(command, check=True, capture_output=True)
