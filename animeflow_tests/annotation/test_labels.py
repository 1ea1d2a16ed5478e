import json

import numpy as np
import pytest

from animeflow.annotation.labels import NO_CAMERA, NO_CHARACTER, NO_LAYERS, Stored, label_video
from animeflow.settings.annotation import LabelSettings
from animeflow.tables.workspace import Workspace
from animeflow_tests.fixtures.shards import FILMS, SIZE, ShardWriter, write_footage, write_results

FILM = FILMS[0]
RED = (200, 30, 40)


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> Stored:
    writer = ShardWriter(Workspace(tmp_path_factory.mktemp("ws")))
    write_footage(writer)
    write_results(writer)
    rows = {name: [r for r in writer.handle(name).rows() if r["video_id"] == FILM.id] for name in
            ("kept_clips", "drawings", "motion", "text")}  # fmt: skip
    return Stored(FILM.id, **rows, signals=writer.handle("frame_signals"))


class Drawn:
    """A red figure of 20x30 px that the lower edge does not cut, in every drawing; the camera pans to the right."""

    def __init__(self, box=(20, 2, 20, 30), seen=True, measured=True):
        self.box, self.seen, self.measured = box, seen, measured

    def camera(self, _clip_id):
        if not self.measured:
            return None
        matrices = np.repeat(np.eye(3)[None], 12, axis=0)
        matrices[:, 0, 2] = np.arange(12)
        return matrices, SIZE

    def character(self, _clip_id, _drawing_id):
        if not self.seen:
            return None
        rgba = np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
        x, y, w, h = self.box
        rgba[y : y + h, x : x + w] = (*RED, 255)
        return rgba


def run(stored, layers, **settings):
    tables = label_video(stored, layers, LabelSettings(**settings))
    return [tables[name].to_pylist() for name in ("annotations", "drawing_annotations")]


def test_every_kept_clip_and_each_of_its_drawings_has_a_row(stored):
    clips, drawings = run(stored, Drawn())
    assert [row["clip_id"] for row in clips] == [FILM.clip(0), FILM.clip(1)]
    assert len(drawings) == 12
    assert [row["frame"] for row in drawings] == list(range(0, 24, 2))


def test_figures_are_read_from_the_published_layers(stored):
    clips, drawings = run(stored, Drawn())
    assert clips[0]["shot_scale"] == "full"
    assert clips[0]["character_share"] == pytest.approx(600 / (64 * 36))
    assert clips[0]["character_height"] == pytest.approx(30 / 36)
    assert clips[0]["character_palette"] == [{"hex": "#c81e28", "share": 1.0}]
    box = [drawings[0][f"box_{name}"] for name in ("x", "y", "width", "height")]
    assert box == [20, 2, 20, 30]
    assert drawings[0]["reason"] is None


def test_the_palette_of_a_clip_is_that_of_its_drawings(stored):
    clips, drawings = run(stored, Drawn())
    assert drawings[1]["palette"] == [{"hex": "#0e50a0", "share": 1.0}]  # frame 2: red is 14
    assert sum(colour["share"] for colour in clips[0]["palette"]) == pytest.approx(1, abs=1e-3)


def test_every_label_says_how_it_was_told_or_why_it_is_null(stored):
    for layers in (Drawn(), Drawn(seen=False), Drawn(measured=False)):
        for row in run(stored, layers)[0]:
            how = json.loads(row["derivation_json"])
            labels = {
                "shot_scale", "character_share", "character_height", "palette", "character_palette", "motion_class",
                "camera_move", "camera_x", "camera_y", "camera_zoom", "has_text", "has_subtitle", "hold_pattern",
            }  # fmt: skip
            assert set(how) == labels
            assert all(how.values())


def test_without_layers_their_labels_are_null_and_the_others_stand(stored):
    clips, drawings = run(stored, Drawn(seen=False))
    how = json.loads(clips[0]["derivation_json"])
    assert (clips[0]["shot_scale"], how["shot_scale"], how["character_palette"]) == (
        None,
        NO_LAYERS,
        NO_LAYERS,
    )
    assert {row["reason"] for row in drawings} == {NO_LAYERS}
    assert clips[0]["hold_pattern"] == "twos"
    assert clips[0]["palette"]


def test_an_empty_character_layer_is_no_character_and_covers_nothing(stored):
    clips, drawings = run(stored, Drawn(box=(0, 0, 1, 1)))
    assert (clips[0]["shot_scale"], clips[0]["character_share"]) == (None, 0.0)
    assert json.loads(clips[0]["derivation_json"])["shot_scale"] == NO_CHARACTER
    assert {row["reason"] for row in drawings} == {NO_CHARACTER}


def test_the_camera_is_named_where_it_was_measured(stored):
    assert run(stored, Drawn())[0][0]["camera_move"] == "pan_right"
    row = run(stored, Drawn(measured=False))[0][0]
    assert (row["camera_move"], row["camera_x"]) == (None, None)
    assert json.loads(row["derivation_json"])["camera_move"] == NO_CAMERA


def test_text_motion_and_holds_follow_the_stored_measures(stored):
    clips, _ = run(stored, Drawn())
    assert [row["has_text"] for row in clips] == [False, True]  # 0.0 and 0.1 of the frame
    assert [row["motion_class"] for row in clips] == ["still", "slow"]
    assert clips[0]["drawings"] == 6
    assert clips[0]["hold_twos"] == 1.0


def test_the_same_rows_give_the_same_tables(stored):
    one, two = (label_video(stored, Drawn(), LabelSettings()) for _ in range(2))
    assert all(one[name].equals(two[name]) for name in one)
