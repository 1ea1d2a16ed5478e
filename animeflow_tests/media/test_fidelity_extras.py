"""Of an encode's chapters, covers and attached files beside those of its source."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from animeflow.media.encode_plan import EncodePlan
from animeflow.media.fidelity_row import unexplained
from animeflow.media.probe import Probe
from animeflow_tests.media.conftest import H264
from animeflow_tests.media.numbered import ffmpeg
from animeflow_tests.media.test_fidelity import compare, encode, with_sound


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
