"""Of an encode's sound: packets, codecs and channels beside those of its source."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from animeflow.media.command import run_command
from animeflow.media.demux.container import open_container
from animeflow.media.encode.fidelity_row import unexplained
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.media.probe.file import probe
from animeflow_tests.media.conftest import H264
from animeflow_tests.media.encoded import compare, encode, with_sound


def flip_sound_byte(path: Path, target: Path, *, packet: int, at: int) -> Path:
    """The same file with one bit of a packet of its sound changed."""
    with open_container(path) as container:
        packets = [p for p in container.demux(container.streams.audio[0]) if p.size]
        place, content = packets[packet].pos, bytes(packets[packet])
    data = bytearray(path.read_bytes())
    start = data.index(content, place)
    data[start + at % len(content)] ^= 1
    target.write_bytes(data)
    return target


@pytest.mark.parametrize("layout", ["quad", "2.1", "5.1(side)"])
def test_aac_whose_first_packet_lists_its_channels_is_copied(layout: str, tmp_path: Path) -> None:
    """ADTS has no number for these channels: the first packet lists them, which Matroska keeps in the header."""
    words = (*H264, "-af", f"aformat=channel_layouts={layout}", "-c:a", "aac", "-b:a", "128k")
    source = with_sound(tmp_path / "list.ts", *words)
    plan, result = encode(source, tmp_path / "out.mkv")
    rows = compare(plan, result)
    assert unexplained(rows) == []
    assert any(row.property == "packets md5" and row.same for row in rows)
    # A byte behind the list in the first packet, the last byte of that packet, one of a later packet.
    for n, at in ((0, 3), (0, -1), (5, 9)):
        flipped = flip_sound_byte(result.path, tmp_path / "flipped.mkv", packet=n, at=at)
        wrong = {(row.stream, row.property) for row in unexplained(compare(plan, probe(flipped)))}
        assert wrong == {("audio 1", "packets md5")}


def test_another_list_of_channels_is_found(tmp_path: Path) -> None:
    words = (*H264, "-af", "aformat=channel_layouts=quad", "-c:a", "aac")
    plan, result = encode(with_sound(tmp_path / "list.ts", *words), tmp_path / "out.mkv")
    with open_container(result.path) as container:
        header = bytes(container.streams.audio[0].codec_context.extradata)
    data = result.path.read_bytes()
    assert data.count(header) == 1
    # The comment of the list, and the number of the first element in it.
    for at, bit in ((-1, 1), (6, 1 << 3)):
        other = bytearray(header)
        other[at] ^= bit
        (tmp_path / "other.mkv").write_bytes(data.replace(header, bytes(other)))
        wrong = {
            (row.stream, row.property) for row in unexplained(compare(plan, probe(tmp_path / "other.mkv")))
        }
        assert ("audio 1", "packets md5") in wrong


SIXTEEN = ("-af", "pan=16c|c0=c0|c15=c0")
MANY = ("-af", "aformat=channel_layouts=5.1.4")


@pytest.mark.parametrize(
    ("words", "audio", "codec", "layout"),
    [
        ((*SIXTEEN, "-c:a", "pcm_s16le"), "copy", "pcm_s16le", "16 channels"),
        ((*SIXTEEN, "-c:a", "pcm_s16le"), "opus", "pcm_s16le", "16 channels"),
        ((*MANY, "-c:a", "pcm_s24be"), "copy", "pcm_s24be", "10 channels"),
        (("-c:a", "pcm_s32be"), "copy", "pcm_s32be", "1 channels"),
        (("-c:a", "pcm_s32le", "-ac", "2"), "copy", "pcm_s32le", "2 channels"),
        (("-c:a", "pcm_s8"), "copy", "flac", "mono"),
        ((*SIXTEEN, "-c:a", "pcm_s8"), "copy", "pcm_s16le", "16 channels"),
        (("-c:a", "pcm_f32be", "-ac", "2"), "copy", "pcm_f32le", "2 channels"),
        (("-c:a", "pcm_f64be"), "copy", "pcm_f64le", "1 channels"),
    ],
)
def test_uncompressed_sound_keeps_its_samples(
    words: tuple[str, ...], audio: Literal["copy", "opus"], codec: str, layout: str, tmp_path: Path
) -> None:
    source = with_sound(tmp_path / "sound.mov", *H264, *words)
    plan, result = encode(source, tmp_path / "out.mkv", audio)
    assert unexplained(compare(plan, result)) == []
    (track,) = result.audio
    assert (track.codec, track.layout) == (codec, layout)
    assert samples(result.path) == samples(source)


def samples(path: Path) -> bytes:
    """Of the sound, as 64-bit numbers, which hold those of every kind."""
    words = (ffmpeg_path(), "-v", "error", "-i", path, "-map", "0:a", "-f", "f64le", "-")
    return run_command(words, timeout_s=60).stdout


def test_another_layout_of_copied_sound_is_found(tmp_path: Path) -> None:
    plan, result = encode(
        with_sound(tmp_path / "sound.mov", *H264, "-c:a", "pcm_s32le", "-ac", "6"), tmp_path / "out.mkv"
    )
    for layout in ("hexagonal", "5.1(side)", "8 channels"):
        changed = replace(result, audio=(replace(result.audio[0], layout=layout),))
        assert [row.property for row in unexplained(compare(plan, changed))] == ["layout"]
