from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from animeflow.errors import InputError
from animeflow.media import key_frames
from animeflow.media.decode.reader import counting_decodes
from animeflow.media.images import read_image
from animeflow.media.key_frames import cover_frame, key_frames_to_table, written_size
from animeflow.settings.isolation import IsolationSettings
from animeflow.settings.media import KeyFrameSettings
from animeflow.tables.staging import Staging
from animeflow_tests.media.numbered import ffmpeg, number_of

SHOTS = [
    {"shot": 0, "start": 0, "end": 20},
    {"shot": 1, "start": 20, "end": 21},
    {"shot": 2, "start": 21, "end": 48},
]


def make(
    source: Path, folder: Path, isolation: IsolationSettings | None = None, **settings: object
) -> tuple[Staging, list[dict[str, object]]]:
    staging = Staging.begin("key_frames", "shard", folder)
    saturation, sharpness = np.full(48, 0.5), np.full(48, 10.0)
    sharpness[[3, 20, 40]] = 100
    table = key_frames_to_table(
        source,
        SHOTS,
        saturation=saturation,
        sharpness=sharpness,
        video_id="0" * 16,
        staging=staging,
        settings=KeyFrameSettings(**settings),  # type: ignore[arg-type]
        isolation=isolation,
    )
    return staging, table.to_pylist()


def test_each_shot_has_its_middle_and_its_cover(plain_mkv: Path, tmp_path: Path) -> None:
    staging, rows = make(plain_mkv, tmp_path / "a")
    assert [(r["shot"], r["role"], r["frame"]) for r in rows] == [
        (0, "cover", 3), (0, "middle", 10), (1, "cover", 20), (1, "middle", 20), (2, "cover", 40), (2, "middle", 34),
    ]  # fmt: skip
    for row in rows:
        picture = read_image(staging.folder / str(row["media_path"]), mode="L")
        assert number_of(picture) == row["frame"]
        assert (row["width"], row["height"]) == picture.shape[::-1]


def test_pictures_are_decoded_in_one_pass(plain_mkv: Path, tmp_path: Path) -> None:
    with counting_decodes() as counter:
        make(plain_mkv, tmp_path / "a")
    assert set(counter) == {"key_frames"}
    assert counter["key_frames"] <= 48


def test_a_rerun_gives_the_same_bytes(plain_mkv: Path, tmp_path: Path) -> None:
    digests = [[r["sha256"] for r in make(plain_mkv, tmp_path / name)[1]] for name in ("a", "b")]
    assert digests[0] == digests[1]


@pytest.mark.parametrize(("coders", "room"), [(1, 1 << 30), (3, 1 << 30), (3, 1)])
def test_pictures_coded_at_once_are_those_coded_one_by_one(
    coders: int, room: int, plain_mkv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, expected = make(plain_mkv, tmp_path / "a")
    monkeypatch.setattr(key_frames, "_coders", lambda: coders)
    monkeypatch.setattr(key_frames, "AT_ONCE_BYTES", room)
    _, rows = make(plain_mkv, tmp_path / "b", isolation=IsolationSettings(isolate=False))
    assert rows == expected


def test_the_row_has_the_reduced_size(plain_mkv: Path, tmp_path: Path) -> None:
    staging, rows = make(plain_mkv, tmp_path / "a", long_edge=64)
    picture = read_image(staging.folder / str(rows[0]["media_path"]))
    assert picture.shape[:2] == (rows[0]["height"], rows[0]["width"]) == (38, 64)


def test_a_picture_that_webp_cannot_hold_is_refused_with_its_video_and_frame(
    corpus: Path, tmp_path: Path
) -> None:
    wide = corpus / "wide.mkv"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=16384x16:rate=48:duration=1", "-c:v", "ffv1", wide)
    with pytest.raises(InputError, match="frame 3: a picture of 16384x16") as caught:
        make(wide, tmp_path / "a")
    assert caught.value.reason == "too_large"
    assert caught.value.path == str(wide)


@pytest.mark.parametrize(
    ("shape", "edge"), [((96, 160), 64), ((160, 96), 100), ((96, 160), 160), ((5, 4000), 16)]
)
def test_the_size_is_what_the_writer_makes(shape: tuple[int, int], edge: int) -> None:
    from animeflow.media.images import limit_long_edge

    reduced = limit_long_edge(np.zeros((*shape, 3), np.uint8), edge)
    assert written_size(shape[::-1], edge) == reduced.shape[1::-1]


def test_the_cover_is_the_first_clear_and_colourful_frame_else_the_best() -> None:
    settings = KeyFrameSettings()
    assert cover_frame(np.array([0.0, 0.5, 0.6]), np.array([200.0, 10, 90]), settings) == 2
    assert cover_frame(np.array([0.0, 0.5, 0.6]), np.array([10.0, 10, 11]), settings) == 2
    assert cover_frame(np.array([0.05, 0.05]), np.array([900.0, 10]), settings) == 0
