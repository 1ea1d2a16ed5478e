"""Of an encode's chapters, covers and attached files beside those of its source."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from animeflow.media.encode.fidelity_row import unexplained
from animeflow.media.encode.plan import EncodePlan
from animeflow.media.probe.file import Probe
from animeflow_tests.media.conftest import H264
from animeflow_tests.media.encoded import compare, encode, with_sound
from animeflow_tests.media.numbered import ffmpeg, write_numbered


def late_with_chapters(folder: Path, suffix: str, *seconds: int) -> Path:
    """A film whose first packet is at 5 s, and chapters between these seconds."""
    texts = [
        f"[CHAPTER]\nTIMEBASE=1/1\nSTART={start}\nEND={end}\ntitle=from {start}\n"
        for start, end in pairwise(seconds)
    ]
    (folder / "chapters.txt").write_text(";FFMETADATA1\n" + "".join(texts))
    film, target = with_sound(folder / "film.mkv", *H264, "-c:a", "aac"), folder / f"late.{suffix}"
    words = ("-i", film, "-i", folder / "chapters.txt", "-map", "0", "-map_chapters", "1", "-c", "copy")
    ffmpeg(*words, "-output_ts_offset", "5", target)
    return target


def test_chapters_before_a_late_start_are_clipped_or_left_out_with_a_reason(tmp_path: Path) -> None:
    source = late_with_chapters(tmp_path, "mkv", 0, 3, 6, 7)
    plan, result = encode(source, tmp_path / "out.mkv")
    rows = {(row.stream, row.property): row for row in compare(plan, result)}
    assert unexplained(list(rows.values())) == []
    gone, start = rows["chapter 1", "title"], rows["chapter 2", "start_s"]
    assert (gone.before, gone.after, gone.same) == ("from 0", None, False)
    assert (start.before, start.after, start.same) == (-2.0, 0.0, False)
    assert all(row.why for row in (gone, start))
    assert [c.title for c in result.chapters] == ["from 3", "from 6"]


def test_a_chapter_of_mp4_that_begins_before_the_film_is_clipped(tmp_path: Path) -> None:
    plan, result = encode(late_with_chapters(tmp_path, "mp4", 0, 6, 7), tmp_path / "out.mkv")
    assert unexplained(compare(plan, result)) == []


def found(plan: EncodePlan, result: Probe) -> set[tuple[str, str]]:
    return {(row.stream, row.property) for row in unexplained(compare(plan, result))}


def test_other_changes_of_chapters_before_a_late_start_are_found(tmp_path: Path) -> None:
    plan, result = encode(late_with_chapters(tmp_path, "mkv", 0, 3, 6, 7), tmp_path / "out.mkv")
    first, second = result.chapters

    def changed(*chapters: object) -> set[tuple[str, str]]:
        return found(plan, replace(result, chapters=chapters))  # type: ignore[arg-type]

    assert ("chapters", "number") in changed(second)
    assert ("chapters", "number") in changed(first, second, second)
    assert changed(replace(first, start_s=0.5), second) == {("chapter 2", "start_s")}
    assert changed(replace(first, end_s=1.5), second) == {("chapter 2", "end_s")}
    assert changed(first, replace(second, start_s=0.0)) == {("chapter 3", "start_s")}
    assert changed(replace(first, title="other"), second) == {("chapter 2", "title")}


def test_a_cover_that_comes_back_as_a_file_is_the_same_picture(tmp_path: Path, cover_jpg: Path) -> None:
    """BMP in MP4, between covers of other kinds."""
    film, picture = write_numbered(tmp_path / "film.mp4", 12, *H264), tmp_path / "cover.bmp"
    ffmpeg("-i", cover_jpg, "-pix_fmt", "bgr24", picture)
    words = ("-i", film, "-i", cover_jpg, "-i", picture, "-map", "0", "-map", "1", "-map", "2", "-c", "copy")
    flags = ("-disposition:v:1", "attached_pic", "-disposition:v:2", "attached_pic")
    ffmpeg(*words, *flags, tmp_path / "covers.mp4")
    plan, result = encode(tmp_path / "covers.mp4", tmp_path / "out.mkv")
    assert [a.mimetype for a in plan.probe.attachments] == ["image/jpeg", "image/bmp"]
    rows = compare(plan, result)
    assert unexplained(rows) == []
    (kind,) = (row for row in rows if row.property == "kind")
    assert (kind.stream, kind.after) == ("cover cover.bmp", "attachment")
    assert kind.why
    (attached,) = (a for a in result.attachments if a.kind == "attachment")
    others = tuple(a for a in result.attachments if a is not attached)
    lost, other = replace(result, attachments=others), replace(attached, sha256="0" * 64)
    assert found(plan, lost) == {("covers", "files")}
    assert found(plan, replace(result, attachments=(*others, other))) == {
        ("attachments", "files"),
        ("covers", "files"),
    }
    turned = replace(result, attachments=(replace(others[0], kind="attachment"), attached))
    assert found(plan, turned) == {("cover cover.jpg", "kind")}
