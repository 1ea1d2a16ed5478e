from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from animeflow.errors import ContractError
from animeflow.sample import EpisodeTruth, Style, draw_episode, draw_shot, recompose

SIZE = (160, 90)
PLAN = [
    ("pan", 14, "cut"), ("still", 20, "dissolve:6"), ("landscape", 16, "cut"), ("strobe", 30, "cut"),
    ("subtitles", 24, "fade:5"), ("tilt", 16, "cut"),
]  # fmt: skip


def draw(folder: Path, **more) -> EpisodeTruth:
    return draw_episode(folder / "第01話 a 'b'.mkv", seed=9, plan=PLAN, size=SIZE, **more)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("episode")


@pytest.fixture(scope="module")
def episode(folder):
    return draw(folder)


@pytest.fixture(scope="module")
def decoded(folder, episode):
    with av.open(str(folder / "第01話 a 'b'.mkv")) as file:
        return np.stack([f.to_ndarray(format="rgb24") for f in file.decode(video=0)])


def test_the_timeline_counts_cuts_and_transitions_in_frames(episode):
    assert episode.cuts == (14, 44, 74)
    assert [(t.start, t.end, t.kind) for t in episode.transitions] == [
        (28, 34, "dissolve"),
        (93, 103, "fade"),
    ]
    assert [(s.start, s.end) for s in episode.shots] == [
        (0, 14),
        (14, 31),
        (31, 44),
        (44, 74),
        (74, 98),
        (98, 114),
    ]
    pure = [(0, 14), (14, 28), (34, 44), (44, 74), (74, 93), (103, 114)]
    assert [(s.pure_start, s.pure_end) for s in episode.shots] == pure
    assert episode.frames == 114


def test_the_file_holds_every_frame_of_the_plan_close_to_what_was_drawn(episode, decoded):
    assert decoded.shape == (114, 90, 160, 3)
    for shot in (0, 5):
        row, layers = episode.shots[shot], episode.layers(shot)
        t = row.pure_start + 3
        difference = np.abs(decoded[t].astype(int) - layers.frames[t - row.first])
        assert difference.mean() < 6


def test_cuts_lie_where_the_decoded_picture_changes(episode, decoded):
    step = np.abs(np.diff(decoded.astype(int), axis=0)).mean(axis=(1, 2, 3))
    for cut in episode.cuts:
        assert step[cut - 1] > 3 * np.median(step)


def test_a_fade_is_black_in_its_middle_and_a_dissolve_shows_both_shots(episode, decoded):
    assert decoded[97].mean() < 4 and decoded[98].mean() < 4
    before, after = decoded[27].astype(float), decoded[34].astype(float)
    middle = decoded[30].astype(float)
    assert np.abs(middle - (before + after) / 2).mean() < np.abs(middle - before).mean()
    assert np.abs(middle - (before + after) / 2).mean() < np.abs(middle - after).mean()


def test_every_changing_frame_of_a_transition_is_a_new_drawing(episode):
    changes = np.diff(episode.drawing)
    assert changes[27:33].tolist() == [1] * 6
    assert changes[92:97].tolist() == [1] * 5
    assert changes[97] == 0  # black and black
    assert changes[15:27].tolist() == [0] * 12  # a still shot


def test_flashes_and_text_are_told_by_frame(episode):
    assert [s.flashes for s in episode.shots] == [False, False, False, True, False, False]
    ((start, end),) = episode.flash
    assert 44 <= start < 53 and 66 < end <= 76
    assert {b.role for b in episode.text_boxes[80]} == {"subtitle"}
    assert episode.text_boxes[20] == () and episode.text_boxes[108] == ()


def test_the_truth_comes_back_from_disk_as_it_was(episode):
    again = EpisodeTruth.load(episode.folder)
    for name in ("drawing", "cel_drawing", "camera", "motion", "on_screen"):
        assert np.array_equal(getattr(again, name), getattr(episode, name)), name
    assert (again.shots, again.transitions, again.cuts, again.flash) == (
        episode.shots, episode.transitions, episode.cuts, episode.flash
    )  # fmt: skip
    assert [[b.text for b in f] for f in again.text_boxes] == [
        [b.text for b in f] for f in episode.text_boxes
    ]


def test_stored_layers_are_the_shot_as_drawn(episode):
    row = episode.shots[3]
    stored = episode.layers(3)
    drawn = draw_shot(row.kind, seed=row.seed, size=SIZE, frames=row.count, style=Style(palette=9))
    for name in (
        "frames",
        "background",
        "character",
        "effect",
        "effect_mask",
        "overlay",
        "plate",
        "camera",
        "drawing",
    ):
        assert np.array_equal(getattr(stored, name), getattr(drawn, name)), name
    assert np.abs(stored.instances[0] - drawn.instances[0]).max() <= 0.5 / 255 + 1e-6


@pytest.mark.parametrize("kind", ["smoke", "parallax", "cross", "sign", "glow"])
def test_layers_of_every_sort_survive_the_zip(kind, drawn, tmp_path):
    from animeflow.sample.layer_store import read_layers, write_layers

    shot = drawn(kind)
    write_layers(tmp_path / "shot.zip", shot)
    again = read_layers(tmp_path / "shot.zip")
    assert np.array_equal(again.frames, shot.frames) and np.array_equal(recompose(again), shot.frames)
    assert np.array_equal(again.effect_alpha, shot.effect_alpha) and len(again.instances) == len(
        shot.instances
    )


def test_the_file_carries_sound_soft_subtitles_chapters_and_the_font(folder, episode):
    with av.open(str(folder / "第01話 a 'b'.mkv")) as file:
        video, (audio,), (subtitle,) = file.streams.video[0], file.streams.audio, file.streams.subtitles
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert video.codec_context.colorspace == 1 and video.codec_context.color_range == 1
        assert video.average_rate == Fraction(24000, 1001)
        assert audio.codec_context.name == "aac" and subtitle.codec_context.name in ("ass", "ssa")
        assert file.metadata["title"] == "第01話 a 'b'"
        kinds = [stream.type for stream in file.streams]
        assert kinds.count("attachment") == 1
        assert len(file.chapters()) == 3


def test_the_same_arguments_give_the_same_bytes(folder, episode, tmp_path):
    draw(tmp_path)
    one, two = (sorted(p for p in f.rglob("*") if p.is_file()) for f in (folder, tmp_path))
    digests = [[hashlib.sha256(p.read_bytes()).hexdigest() for p in found] for found in (one, two)]
    assert len(one) == 8 and digests[0] == digests[1]


def test_grain_lies_over_the_file_and_not_over_the_layers(tmp_path):
    plan = [("still", 8, "cut")]
    truth = draw_episode(
        tmp_path / "g.mkv", seed=3, plan=plan, size=SIZE, style=Style(grain=6.0, crf=10), audio=False
    )
    with av.open(str(tmp_path / "g.mkv")) as file:
        frames = np.stack([f.to_ndarray(format="rgb24") for f in file.decode(video=0)]).astype(int)
        assert not file.streams.audio
    assert np.abs(frames[3] - frames[4]).mean() > 2
    layers = truth.layers(0)
    assert np.array_equal(layers.frames[3], layers.frames[4]) and truth.drawing.max() == 0


def test_truth_without_layers_says_so_and_other_versions_are_refused(tmp_path):
    truth = draw_episode(
        tmp_path / "n.mkv",
        seed=3,
        plan=[("still", 3, "cut")],
        size=(64, 36),
        layers=False,
        subtitles=False,
        audio=False,
    )
    with pytest.raises(ContractError, match="without layers"):
        truth.layers(0)
    (truth.folder / "truth.json").write_text('{"version": 99}')
    with pytest.raises(ContractError, match="version"):
        EpisodeTruth.load(truth.folder)
