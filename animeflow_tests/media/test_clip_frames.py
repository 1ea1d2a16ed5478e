"""The frames of a clip as one array."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from animeflow.errors import ContractError
from animeflow.media.clip_frames import read_clip
from animeflow_tests.media.numbered import number_of


def test_read_clip_gives_the_frames_of_the_range(plain_mp4: Path) -> None:
    clip = read_clip(plain_mp4, 20, 27, purpose="test", size=(80, 48))
    assert clip.shape == (7, 48, 80, 3)
    assert clip.dtype == np.uint8
    assert [number_of(f[..., 0]) for f in clip] == list(range(20, 27))


@pytest.mark.parametrize(("start", "end"), [(5, 5), (7, 3), (-1, 4)])
def test_an_empty_range_is_refused(plain_mkv: Path, start: int, end: int) -> None:
    with pytest.raises(ContractError):
        read_clip(plain_mkv, start, end, purpose="test")
