"""HDR values, flags of tracks and tags: what may change on the way into Matroska, and that all else is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from animeflow.media.demux.container import open_container
from animeflow.media.demux.streams import DISPOSITIONS, dispositions
from animeflow.media.encode.fidelity_row import unexplained
from animeflow.media.encode.fidelity_tracks import held_flags
from animeflow_tests.media.conftest import H264
from animeflow_tests.media.encoded import compare, encode, with_sound
from animeflow_tests.media.numbered import ffmpeg, write_numbered


def test_hdr_values_are_compared_not_only_their_presence(hdr_mkv: Path, tmp_path: Path) -> None:
    plan, result = encode(hdr_mkv, tmp_path / "out.mkv")
    assert result.video.hdr is not None
    for key, value in (("red", [0.6801, 0.32]), ("max_nits", 1000.1), ("max_cll", 999)):
        changed = replace(result, video=replace(result.video, hdr={**result.video.hdr, key: value}))
        assert [row.property for row in unexplained(compare(plan, changed))] == [f"HDR {key}"]
    lost = replace(result, video=replace(result.video, hdr=None))
    assert len(unexplained(compare(plan, lost))) == len(result.video.hdr)


def with_hdr(path: Path, *params: str) -> Path:
    words = ":".join(
        ("log-level=error:hdr10=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc", *params)
    )
    codec = ("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-x265-params", words)
    return write_numbered(path, 12, *codec)


@pytest.mark.parametrize(
    ("params", "before", "after"),
    [
        ("max-cll=0,0", {"max_cll": 0}, {}),
        (
            "max-cll=1000,400:master-display=G(0,0)B(0,0)R(0,0)WP(0,0)L(10000000,1)",
            {"max_nits": 1000.0},
            {"blue": [0.0, 0.0]},
        ),
    ],
)
def test_hdr_values_of_zero_say_nothing(
    params: str, before: dict[str, Any], after: dict[str, Any], tmp_path: Path
) -> None:
    plan, result = encode(with_hdr(tmp_path / "hdr.mkv", params), tmp_path / "out.mkv")
    theirs, ours = plan.probe.video.hdr or {}, result.video.hdr or {}
    assert before.items() <= theirs.items()
    assert after.items() <= ours.items()
    assert theirs.keys() != ours.keys()
    assert unexplained(compare(plan, result)) == []


@pytest.mark.parametrize(
    "lost", [{"max_cll": 0}, {"max_nits": 0.0}, {"red": [0.0, 0.0]}, {"min_nits": 0.0, "max_nits": 0.0}]
)
def test_hdr_values_that_become_zero_are_found(hdr_mkv: Path, tmp_path: Path, lost: dict[str, Any]) -> None:
    plan, result = encode(hdr_mkv, tmp_path / "out.mkv")
    changed = replace(result, video=replace(result.video, hdr={**(result.video.hdr or {}), **lost}))
    assert {row.property for row in unexplained(compare(plan, changed))} >= {f"HDR {key}" for key in lost}


@pytest.mark.parametrize("kind", ["audio", "subtitle"])
def test_the_flags_that_matroska_holds_are_those_of_the_table(
    kind: str, corpus: Path, tmp_path: Path
) -> None:
    """One track for each flag, and one that is the original and a dub at once."""
    (tmp_path / "text.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    source, codec = ("-f", "lavfi", "-i", "sine=d=0.1"), ("-c:a", "ac3")
    if kind == "subtitle":
        source, codec = ("-i", str(tmp_path / "text.srt")), ("-c:s", "srt")
    asked = [*((word,) for word in DISPOSITIONS.values()), ("dub", "original")]
    letter = kind[0]
    flags = [w for n, words in enumerate(asked) for w in (f"-disposition:{letter}:{n}", "+".join(words))]
    ffmpeg(
        *source, *(w for _ in asked for w in ("-map", f"0:{letter}")), *codec, *flags, tmp_path / "flags.mkv"
    )
    with open_container(tmp_path / "flags.mkv") as container:
        found = [dispositions(stream) for stream in container.streams]
    assert found == [held_flags(kind, words) for words in asked]


@pytest.mark.parametrize(
    ("suffix", "flags", "kept"),
    [
        ("ts", "clean_effects", ()),
        ("mp4", "default+captions+hearing_impaired", ("default", "hearing_impaired")),
    ],
)
def test_flags_that_matroska_does_not_hold_are_an_explained_loss(
    suffix: str, flags: str, kept: tuple[str, ...], tmp_path: Path
) -> None:
    words = (*H264, "-c:a", "aac", "-metadata:s:a:0", "language=jpn", "-disposition:a:0", flags)
    plan, result = encode(with_sound(tmp_path / f"flags.{suffix}", *words), tmp_path / "out.mkv")
    rows = compare(plan, result)
    assert unexplained(rows) == []
    (row,) = (row for row in rows if row.property == "dispositions")
    assert set(row.before) == set(flags.split("+"))
    assert (row.after, row.same) == (kept, False)
    for other in (("forced",), (*kept, "comment"), kept[1:] or ("default",)):
        changed = replace(result, audio=(replace(result.audio[0], dispositions=other),))
        assert [r.property for r in unexplained(compare(plan, changed))] == ["dispositions"]


def test_tags_are_compared_by_the_names_that_matroska_gets(tmp_path: Path) -> None:
    tags = {
        "my tag": "1",
        "Größe é": "2",
        "title-fra": "3",
        "title-jpn": "4",
        "made-by": "5",
        "note-und": "6",
    }
    words = [w for name, value in tags.items() for w in ("-metadata", f"{name}={value}")]
    source = write_numbered(tmp_path / "tags.mp4", 12, *H264, "-movflags", "use_metadata_tags", *words)
    plan, result = encode(source, tmp_path / "out.mkv")
    assert tags.items() <= plan.probe.metadata.items()
    rows = compare(plan, result)
    assert unexplained(rows) == []
    names = {row.property for row in rows if row.stream == "file" and row.after in tags.values()}
    assert names == {f"tag {n}" for n in ("MY_TAG", "GRößE_é", "TITLE-FRE", "TITLE-JPN", "MADE-BY", "NOTE")}
    for lost in result.metadata.keys() - {"ENCODER"}:
        kept = {name: value for name, value in result.metadata.items() if name != lost}
        wrong = [row.after for row in unexplained(compare(plan, replace(result, metadata=kept)))]
        assert wrong == ([None] if result.metadata[lost] in tags.values() else [])
