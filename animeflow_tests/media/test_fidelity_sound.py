"""Of an encode's sound: packets, codecs and channels beside those of its source."""

from __future__ import annotations

from pathlib import Path

import pytest

from animeflow.media.container import open_container
from animeflow.media.fidelity_row import unexplained
from animeflow.media.probe import probe
from animeflow_tests.media.conftest import H264
from animeflow_tests.media.test_fidelity import compare, encode, with_sound


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
