"""No card is needed: a software decoder behind the backend's interface hands its pictures over as a card does."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from animeflow.errors import DecodeError, SettingsError
from animeflow.media.decode import hwdecode
from animeflow.media.decode.hwdecode import CHECKED_FRAMES, Nvdec, backend_of, choose, to_planar
from animeflow.media.decode.reader import DEFAULT_LIMITS, counting_decodes, open_video
from animeflow_tests.media.conftest import FRAMES

MAX = DEFAULT_LIMITS.max_pixels


class Card:
    """Decodes 8-bit 4:2:0 and gives NV12."""

    name = "card"

    def __init__(self, *, wrong_from: int | None = None, fails_at: int | None = None) -> None:
        self.asked = 0
        self._wrong_from, self._fails_at = wrong_from, fails_at

    def hwaccel(self) -> Any:
        return None

    def card_problem(self) -> str | None:
        return None

    def planar(self, picture: Any) -> Any:
        self.asked += 1
        at = self.asked - 2 * CHECKED_FRAMES  # pictures after the self-check
        if self._fails_at is not None and at == self._fails_at:
            raise ValueError("the card has stopped")
        picture = to_planar(picture.reformat(format="nv12"))
        if self._wrong_from is not None and at >= self._wrong_from:
            plane = bytearray(bytes(picture.planes[0]))
            plane[0] ^= 1
            picture.planes[0].update(bytes(plane))
        return picture


def facts(path: Path, backend: Any) -> list[tuple[Any, ...]]:
    with open_video(path, purpose="test", backend=backend) as reader:
        rows = [(f.index, f.pts, f.duration, f.key, f.corrupt, f.rgb().tobytes()) for f in reader]
        return [*rows, (reader.frames_decoded, reader.corrupt_frames, reader.decode_errors, reader.truncated)]


@pytest.fixture(params=["plain_mkv", "vfr_mkv", "edit_list_mp4", "transport_stream"])
def film(request: pytest.FixtureRequest) -> Path:
    return request.getfixturevalue(request.param)


def test_a_backend_that_proves_itself_decodes_and_nothing_differs(film: Path) -> None:
    card = Card()
    assert facts(film, card) == facts(film, None)
    assert card.asked > 2 * CHECKED_FRAMES


def test_the_choice_says_why(plain_mkv: Path) -> None:
    with open_video(plain_mkv, purpose="test", backend=Card()) as reader:
        assert (reader.backend.name, reader.backend.reason) == ("card", "16 frames equal the CPU's")
    with open_video(plain_mkv, purpose="test") as reader:
        assert reader.backend.name == "cpu"


def test_other_pixels_in_the_self_check_leave_it_to_the_cpu(plain_mkv: Path) -> None:
    choice = choose(plain_mkv, Card(wrong_from=-3), max_pixels=MAX)
    assert choice.name == "cpu"
    assert "other pixels" in choice.reason
    assert facts(plain_mkv, Card(wrong_from=-16)) == facts(plain_mkv, None)


def test_a_backend_that_does_not_open_leaves_it_to_the_cpu(plain_mkv: Path) -> None:
    class NoDriver(Card):
        def hwaccel(self) -> Any:
            raise PermissionError(1, "Operation not permitted")

    choice = choose(plain_mkv, NoDriver(), max_pixels=MAX)
    assert choice.name == "cpu"
    assert "PermissionError" in choice.reason
    assert facts(plain_mkv, NoDriver()) == facts(plain_mkv, None)


@pytest.mark.parametrize("at", [1, 2, 20, FRAMES])
def test_an_error_on_the_way_gives_the_table_of_the_cpu(plain_mkv: Path, at: int) -> None:
    card = Card(fails_at=at)
    assert facts(plain_mkv, card) == facts(plain_mkv, None)
    with open_video(plain_mkv, purpose="test", backend=Card(fails_at=at)) as reader:
        numbers = [frame.index for frame in reader]
        assert numbers == list(range(FRAMES))
        assert (reader.backend.name, "the card has stopped" in reader.backend.reason) == ("cpu", True)


def test_pictures_that_were_wrong_before_the_error_are_not_passed_on(plain_mkv: Path) -> None:
    with pytest.raises(DecodeError, match="gave other pictures than the CPU from frame 9") as caught:
        facts(plain_mkv, Card(wrong_from=10, fails_at=20))
    assert "backend=cpu" in str(caught.value)


def test_without_a_card_nothing_is_tried(
    plain_mkv: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(hwdecode, "DRIVER", tmp_path / "none")
    with counting_decodes() as counter:
        choice = choose(plain_mkv, Nvdec(), max_pixels=MAX)
    assert (choice.name, choice.reason) == ("cpu", "nvdec: no NVIDIA driver here")
    assert not counter


def test_a_driver_that_does_not_answer_is_a_reason(
    plain_mkv: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "nvidiactl").touch()
    monkeypatch.setattr(hwdecode, "DRIVER", tmp_path / "nvidiactl")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert "shown no card" in choose(plain_mkv, Nvdec(), max_pixels=MAX).reason
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    choice = choose(plain_mkv, Nvdec(), max_pixels=MAX)
    if choice.name == "cpu":  # on a machine without a card: FFmpeg finds no driver
        assert "does not decode it" in choice.reason


def test_planes_come_back_from_interleaved_chroma(plain_mkv: Path) -> None:
    with open_video(plain_mkv, purpose="test") as reader:
        picture = next(iter(reader)).picture
    for packed, planar in (("nv12", "yuv420p"), ("p010le", "yuv420p10le")):
        wanted = picture.reformat(format=planar)
        found = to_planar(wanted.reformat(format=packed))
        assert found.format.name == planar
        assert np.array_equal(found.to_ndarray(), wanted.to_ndarray())
        assert (found.pts, found.key_frame, found.duration) == (
            picture.pts,
            picture.key_frame,
            picture.duration,
        )


def test_a_card_that_is_asked_for_by_name_has_to_be_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(hwdecode, "DRIVER", tmp_path / "none")
    with pytest.raises(SettingsError, match="no NVIDIA driver here"):
        backend_of("nvdec")


def test_a_setting_names_its_backend() -> None:
    assert backend_of("cpu") is None
    assert isinstance(backend_of("auto"), Nvdec)
