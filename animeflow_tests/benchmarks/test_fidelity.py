from __future__ import annotations

import pytest

from animeflow.media.encode.fidelity_row import FidelityRow, unexplained
from animeflow.media.probe.file import Probe, probe
from benchmarks.fidelity import FRAMES, encode_and_compare, sup_file, write_source


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Probe:
    return probe(write_source(tmp_path_factory.mktemp("fidelity")))


@pytest.fixture(scope="module")
def rows(source: Probe) -> list[FidelityRow]:
    return encode_and_compare(source.path, source.path.with_name("encode.mkv"), profile="draft")


def test_the_source_holds_all_that_it_is_said_to_hold(source: Probe) -> None:
    video = source.video
    assert (video.codec, video.bit_depth, video.frames, video.times.variable_rate) == (
        "hevc",
        10,
        FRAMES,
        True,
    )
    assert (video.color_primaries, video.color_transfer, video.color_space, video.color_range) == (
        9,
        16,
        9,
        1,
    )
    assert video.sample_aspect_ratio == pytest.approx(4 / 3)
    assert video.hdr is not None
    assert video.hdr["max_cll"] == 1000
    assert [(t.codec, t.layout) for t in source.audio] == [("aac", "stereo"), ("flac", "5.1")]
    assert [t.codec for t in source.subtitles] == ["ass", "hdmv_pgs_subtitle", "dvd_subtitle"]
    assert [a.kind for a in source.attachments] == ["attachment", "attachment", "cover"]
    assert [c.title for c in source.chapters] == ["Opening", "本編"]


def test_nothing_changed_without_a_reason(rows: list[FidelityRow]) -> None:
    assert unexplained(rows) == []
    changed = {(row.stream, row.property) for row in rows if not row.same}
    assert changed == {("video", "codec"), ("video", "tag ENCODER"), ("file", "tag ENCODER")}


@pytest.mark.parametrize("stream", ["audio 1", "audio 2", "subtitle 1", "subtitle 2", "subtitle 3"])
def test_packets_of_every_copied_stream_were_compared(rows: list[FidelityRow], stream: str) -> None:
    found = {row.property: row for row in rows if row.stream == stream}
    assert found["packets md5"].same
    assert found["packets"].before > 0
    assert found["offset"].same


def test_the_picture_subtitles_are_those_that_were_drawn() -> None:
    data = sup_file([(0.5, 1.5)])
    assert data.count(b"PG") == 8
    assert data[:10] == b"PG" + (45000).to_bytes(4, "big") + bytes(4)
