import numpy as np
import pytest

from animeflow.annotation.labels import NO_CAMERA, Stored, label_video
from animeflow.annotation.published import PublishedLayers
from animeflow.settings.annotation import LabelSettings
from animeflow.tables.workspace import Workspace
from animeflow_tests.fixtures.shards import (
    FILMS,
    SIZE,
    ShardWriter,
    write_footage,
    write_layers,
    write_results,
)

FILM = FILMS[0]


@pytest.fixture(scope="module")
def writer(tmp_path_factory) -> ShardWriter:
    made = ShardWriter(Workspace(tmp_path_factory.mktemp("ws")))
    write_footage(made)
    write_results(made)
    write_layers(made)
    return made


@pytest.fixture(scope="module")
def view(writer) -> PublishedLayers:
    return PublishedLayers(writer.handle("smoothed_layers"), writer.handle("background_layers"), FILM.id)


def test_characters_are_read_back_without_loss(view):
    rgba = view.character(FILM.clip(0), f"{FILM.id}-d0000000")
    assert rgba.shape == (SIZE[1], SIZE[0], 4)
    assert rgba[10, 30].tolist() == [200, 30, 40, 255]
    assert view.character(FILM.clip(2), f"{FILM.id}-d0000024") is None


def test_the_camera_has_a_matrix_for_every_drawing_in_order(view):
    matrices, size = view.camera(FILM.clip(1))
    assert size == SIZE
    assert matrices.shape == (6, 3, 3)
    assert matrices[:, 0, 2].tolist() == [0, 1, 2, 3, 4, 5]
    assert view.camera(FILM.clip(2)) is None


def labels(writer, view):
    names = ("kept_clips", "drawings", "motion", "text")
    rows = {name: [row for row in writer.handle(name).rows() if row["video_id"] == FILM.id] for name in names}
    return label_video(Stored(FILM.id, **rows, signals=writer.handle("frame_signals")), view, LabelSettings())


def test_labels_of_a_shard_on_disk(writer, view):
    row = labels(writer, view)["annotations"].to_pylist()[0]
    assert (row["shot_scale"], row["camera_move"]) == ("full", "pan_right")
    assert row["camera_x"] == pytest.approx(5 / 64)
    assert row["character_palette"][0]["hex"] == "#c81e28"


def test_a_clip_without_plate_has_no_measured_camera(writer):
    tables = {
        name: writer.handle("background_layers").rows(name) for name in ("background_layers", "camera_motion")
    }
    for row in tables["background_layers"]:
        row |= {"canvas_width": None, "canvas_height": None, "verdict": "none"}
    handle = writer.finish("background_layers", tables | {"background_pictures": []})
    view = PublishedLayers(writer.handle("smoothed_layers"), handle, FILM.id)
    row = labels(writer, view)["annotations"].to_pylist()[0]
    assert row["camera_move"] is None
    assert NO_CAMERA in row["derivation_json"]
    assert np.isfinite(row["character_share"])
