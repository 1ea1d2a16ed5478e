"""How far the rows with a goal can go: ffmpeg does what cannot be left out, in one command, and measures nothing."""

from __future__ import annotations

from pathlib import Path

from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.settings.media import KeyFrameSettings
from animeflow.shots.frame_meter import SHARPNESS_SIZE, THUMB_SIZE, content_size
from benchmarks.everything import THREADS, everything, key_frames
from benchmarks.speed_cases import (
    PICTURES_PEER,
    Case,
    bare_decode,
    packed_files,
    run,
    save_images,
    tar_czf,
)

_GROUP = 40
QUIET = ("-nostdin", "-v", "error", "-threads", str(THREADS))


def scaling(video: Path, size: str) -> Case:
    """Decoding, and scaling to the three small pictures that all is measured on, against decoding alone."""
    width, height = (int(side) for side in size.split("x"))
    small, content, thumb = (
        f"{w}:{h}" for w, h in (SHARPNESS_SIZE, content_size((width, height)), THUMB_SIZE)
    )
    graph = (
        f"[0:v:0]scale={small}:flags=area,split=3[a][b][c];[a]format=gray[luma];"
        f"[b]format=rgb24,scale={content}:flags=bilinear[content];[c]scale={thumb}:flags=area,format=rgb24[thumb]"
    )
    sinks = [
        word for name in ("luma", "content", "thumb") for word in ("-map", f"[{name}]", "-f", "null", "-")
    ]
    return Case(
        f"the floor of everything of {size}: ffmpeg scales each frame to what is measured, and measures nothing",
        "ffmpeg -f null",
        "-",
        run(ffmpeg_path(), *QUIET, "-i", video, "-filter_complex", graph, *sinks),
        bare_decode(video),
    )


def known_pictures(video: Path, folder: Path, what: str) -> Case:
    """Decoding, and coding the key frames, which are known before, against the peer of the rows with pictures."""
    found = key_frames(video, everything(video), folder / "found")
    numbers = sorted(set(found["frame"].to_pylist()))
    chosen = any_of(numbers)
    settings = KeyFrameSettings()
    coder = ("-c:v", "libwebp", "-quality", str(settings.quality), "-compression_level", str(settings.method))
    out = folder / "known"
    out.mkdir(exist_ok=True)
    words = ("-map", "0:v:0", "-vf", f"select='{chosen}'", "-fps_mode", "passthrough", *coder)
    return Case(
        f"the floor of the rows with pictures: ffmpeg decodes {what} and codes the same {len(numbers)} pictures",
        PICTURES_PEER,
        "-",
        run(ffmpeg_path(), *QUIET, "-i", video, *words, "-f", "image2", "-y", out / "%05d.webp"),
        save_images(video, folder, ()),
    )


def any_of(numbers: list[int]) -> str:
    """ffmpeg's expression for frames of these numbers, in groups: it refuses sums of more than a hundred terms."""
    terms = [f"eq(n\\,{number})" for number in numbers]
    groups = (terms[at : at + _GROUP] for at in range(0, len(terms), _GROUP))
    return "+".join(f"({'+'.join(group)})" for group in groups)


def copying(folder: Path) -> Case:
    """The floor of the row above: the same files in a tar without a checksum, read back by nobody."""
    packed_files(folder)
    return Case(
        "the floor of the row above: tar cf, which packs, hashes and reads back nothing",
        "tar czf",
        "-",
        run("tar", "cf", folder / "floor.tar", "-C", folder / "pictures", "."),
        tar_czf(folder),
    )
