"""Kinds `content` and `adaptive` against PySceneDetect itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenedetect import AdaptiveDetector as TheirAdaptive
from scenedetect import ContentDetector as TheirContent
from scenedetect import FrameTimecode, SceneManager, open_video
from scenedetect.scene_manager import Interpolation

from animeflow.settings.shots import AdaptiveDetector, ContentDetector, ShotsSettings
from animeflow.shots.detectors import adaptive, content, detect_shots
from animeflow.shots.detectors.evidence import Evidence
from animeflow.shots.signals import analyse
from animeflow_tests.shots.made import VIDEO, scene, write_video

CONTENT = ContentDetector().threshold
SCORES = st.lists(
    st.sampled_from([0.0, 3.0, 8.0, 14.0, 16.0, 26.0, 27.0, 29.0, 30.0, 40.0, 90.0]), min_size=2, max_size=150
)


def with_scores(scores: list[float]) -> Evidence:
    deltas = np.repeat(np.array([0.0, *scores[1:]])[:, None], 3, axis=1)
    thumbs = np.zeros((len(scores), 27, 48, 3), np.uint8)
    return Evidence(thumbs=thumbs, diff_rgb=deltas[:, 0], deltas=deltas)


def their_cuts(detector: TheirContent, scores: list[float]) -> list[int]:
    """What a detector of theirs says to a sequence of frame scores."""
    given_scores = iter([0.0, *scores[1:]])
    detector._calculate_frame_score = lambda *_: next(given_scores)  # type: ignore[method-assign]
    found = [
        cut.frame_num
        for number in range(len(scores))
        for cut in detector.process_frame(FrameTimecode(number, 24.0), np.zeros((2, 2, 3), np.uint8))
    ]
    return [cut for cut in found if cut > 0]


@settings(max_examples=150, deadline=None)
@given(SCORES, st.integers(1, 20))
def test_content_makes_the_cuts_of_pyscenedetect(scores: list[float], length: int) -> None:
    ours = content.find(with_scores(scores), ContentDetector(min_shot_frames=length))
    assert [cut.frame for cut in ours] == their_cuts(
        TheirContent(threshold=CONTENT, min_scene_len=length), scores
    )


@settings(max_examples=150, deadline=None)
@given(SCORES, st.integers(1, 20), st.integers(1, 3))
def test_adaptive_makes_the_cuts_of_pyscenedetect(scores: list[float], length: int, window: int) -> None:
    ours = adaptive.find(with_scores(scores), AdaptiveDetector(min_shot_frames=length, window_frames=window))
    theirs = TheirAdaptive(min_scene_len=length, window_width=window)
    assert [cut.frame for cut in ours] == their_cuts(theirs, scores)


def test_drawings_held_on_threes_look_like_cuts_to_adaptive() -> None:
    """The known weakness of the kind: the mean of still neighbours is zero."""
    scores = [0.0, *[0.0, 0.0, 20.0] * 20]
    assert len(adaptive.find(with_scores(scores), AdaptiveDetector(min_shot_frames=1))) == 19


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four scenes; the second one moves fast."""
    wide = scene(8, (1000, 180))
    frames = [
        *[scene(7, (320, 180))] * 20,
        *[wide[:, 12 * t : 12 * t + 320] for t in range(30)],
        *[scene(9, (320, 180))] * 20,
        *[scene(10, (320, 180))] * 20,
    ]
    return write_video(tmp_path_factory.mktemp("psd") / "v.mkv", frames)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (ContentDetector(), TheirContent(threshold=CONTENT, min_scene_len=15)),
        (AdaptiveDetector(), TheirAdaptive(min_scene_len=15)),
    ],
)
def test_a_file_has_the_cuts_that_pyscenedetect_finds_in_it(
    video: Path, ours: ContentDetector | AdaptiveDetector, theirs: TheirContent
) -> None:
    """Their whole pipeline, with its own decoding, at area interpolation."""
    stream = open_video(str(video), backend="pyav")
    manager = SceneManager()
    manager.interpolation = Interpolation.AREA
    manager.add_detector(theirs)
    manager.detect_scenes(stream)
    expected = [start.frame_num for start, _ in manager.get_scene_list()][1:]
    signals, _ = analyse(video, video_id=VIDEO, settings=ShotsSettings())
    assert [cut.frame for cut in detect_shots(signals, None, ours).cuts] == expected == [20, 50, 70]
