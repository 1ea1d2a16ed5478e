"""A damaged file gives the same tables whatever decodes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest

from animeflow.errors import UnsteadyDecode
from animeflow.media.decode.reader import counting_decodes, open_video
from animeflow.media.decode.steady import require_steady, steadied
from animeflow.settings.shots import ShotsSettings
from animeflow.shots.signals import analyse
from animeflow_tests.media.numbered import write_numbered
from animeflow_tests.shots.made import VIDEO

FRAMES = 192
SETTINGS = ShotsSettings.model_validate({"decode": {"max_corrupt_share": 0.5}})
H264 = ("-c:v", "libx264", "-preset", "veryfast", "-g", "24", "-bf", "3", "-pix_fmt", "yuv420p")


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = write_numbered(tmp_path_factory.mktemp("damaged") / "damaged.mkv", FRAMES, *H264, size=(320, 192))
    data = bytearray(path.read_bytes())
    for at in range(len(data) // 4, len(data) - 2000, len(data) // 9):
        data[at : at + 24] = bytes(24)
    path.write_bytes(data)
    return path


@pytest.fixture(scope="module")
def expected(damaged: Path) -> pa.Table:
    return analyse(damaged, video_id=VIDEO, settings=SETTINGS, threads=1)[0]


@pytest.mark.parametrize("threads", [0, 3, 8, 16])
def test_threads_change_no_row_of_a_damaged_file(damaged: Path, expected: pa.Table, threads: int) -> None:
    assert expected["corrupt"].to_numpy(zero_copy_only=False).any()
    with counting_decodes() as counted:
        found, _ = analyse(damaged, video_id=VIDEO, settings=SETTINGS, threads=threads)
    assert found.equals(expected)
    assert (
        len(found) < counted["analysis"] < 2 * len(found)
    )  # all of it in one thread, after a part with many


def test_what_the_first_try_gave_is_left_by_an_error(damaged: Path, expected: pa.Table) -> None:
    tries: list[list[pa.Table]] = []
    left: list[type[BaseException] | None] = []

    @contextmanager
    def sink() -> Iterator[Callable[[pa.Table], None]]:
        tries.append([])
        try:
            yield tries[-1].append
        except BaseException as error:
            left.append(type(error))
            raise
        left.append(None)

    analyse(damaged, video_id=VIDEO, settings=SETTINGS, threads=8, sink=sink)
    assert left == [UnsteadyDecode, None]
    assert pa.concat_tables(tries[-1]).equals(expected)


def test_a_reader_that_met_damage_is_unsteady_unless_it_decoded_in_one_thread(damaged: Path) -> None:
    with open_video(damaged, purpose="test", threads=1) as reader:
        require_steady(reader, False)
        for _ in reader.pick(range(FRAMES // 2)):
            pass
        assert reader.damaged
        require_steady(reader, True)
        with pytest.raises(UnsteadyDecode, match=r"damaged\.mkv"):
            require_steady(reader, False)


def test_only_damage_makes_a_second_try() -> None:
    tried: list[bool] = []

    def decode(steady: bool) -> str:
        tried.append(steady)
        if not steady:
            raise UnsteadyDecode("is damaged")
        return "done"

    assert steadied(decode) == "done"
    assert tried == [False, True]
