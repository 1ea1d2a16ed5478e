"""The labels of real clips, and how clips are found by what is in them."""

from __future__ import annotations

import hashlib
import tomllib

import pytest

from animeflow.sample import draw_episode
from benchmarks import real_shots
from benchmarks.real_shots import LABELS, find, measure, read_labels

CLIP = """
[[clip]]
repo = "a/b"
path = "c/d.mp4"
revision = "0"
sha256 = "{sha256}"
frames = {frames}
cuts = {cuts}
tags = {tags}
"""


def written(folder, *, sha256="0", frames=48, cuts="[24]", tags='["held"]'):
    path = folder / "labels.toml"
    path.write_text(CLIP.format(sha256=sha256, frames=frames, cuts=cuts, tags=tags))
    return read_labels(path)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clips") / "deep" / "any name.mkv"
    plan = [("landscape", 24, "cut"), ("still", 24, "cut")]
    draw_episode(path, seed=6, plan=plan, size=(192, 108), audio=False, subtitles=False, layers=False)
    return path


def test_ten_clips_and_more_are_labelled_and_among_them_are_fast_edits_and_single_shots():
    clips = read_labels()
    assert len(clips) >= 10 and len({clip.sha256 for clip in clips}) == len(clips)
    tags = [tag for clip in clips for tag in clip.tags]
    for tag, least in {"fast edit": 3, "whip blur": 3, "glow": 3, "one shot": 5, "strong motion": 5}.items():
        assert tags.count(tag) >= least, tag
    assert all(len(entry["revision"]) == 40 for entry in tomllib.loads(LABELS.read_text())["clip"])


@pytest.mark.parametrize(
    ("cuts", "tags", "what"),
    [("[30, 24]", '["held"]', "ascending"), ("[48]", '["held"]', "within 48"), ("[24]", '["one shot"]', "no cut")],
)  # fmt: skip
def test_labels_that_contradict_themselves_are_refused(cuts, tags, what, tmp_path):
    with pytest.raises(ValueError, match=what):
        written(tmp_path, cuts=cuts, tags=tags)


def test_a_clip_is_found_by_its_bytes_and_measured_by_every_method(clip, tmp_path):
    digest = hashlib.sha256(clip.read_bytes()).hexdigest()
    (labelled,) = written(tmp_path, sha256=digest)
    assert find([labelled], clip.parents[1]) == {digest: clip}
    counts = measure(labelled, clip)
    assert (counts["fused"].right, counts["fused"].false, counts["fused"].missed) == (1, 0, 0)


def test_labels_of_another_number_of_frames_are_an_error_that_names_both(clip, tmp_path):
    (labelled,) = written(tmp_path, frames=50)
    with pytest.raises(ValueError, match=r"50 frames were labelled, 48 decoded"):
        measure(labelled, clip)


def test_without_any_clip_the_absent_ones_are_named_and_nothing_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["real_shots", "--clips", str(tmp_path)])
    monkeypatch.setattr(real_shots, "save", lambda *_: pytest.fail("nothing was measured"))
    assert real_shots.main() == 2
    said = capsys.readouterr().err
    assert said.count("absent: github.com/") == len(read_labels())
    assert "inputs/video/onepiece_demo.mp4" in said
