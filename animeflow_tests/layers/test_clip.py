import numpy as np
import pytest

from animeflow.errors import ContractError
from animeflow.layers.clip import Clip, held_drawings
from animeflow_tests.layers.drawn import drawn

FRAMES = np.zeros((4, 16, 32, 3), np.uint8)


@pytest.mark.parametrize("drawing", [[0, 0, 2, 2], [1, 1, 1, 1], [0, 1, 0, 1], [0, 0, 1]])
def test_drawings_count_up_from_zero_without_gaps(drawing):
    with pytest.raises(ContractError):
        Clip("c", FRAMES, np.array(drawing), ("a", "b"))


def test_the_first_frame_of_a_run_stands_for_its_drawing():
    clip = Clip("c", FRAMES, np.array([0, 0, 1, 1]), ("a", "b"))
    assert clip.firsts.tolist() == [0, 2] and clip.size == (32, 16)


def test_held_frames_share_a_drawing_and_a_moving_camera_makes_new_ones():
    cross, pan = drawn("cross", frames=8), drawn("pan", frames=6)
    assert held_drawings(cross.frames).tolist() == cross.drawing.tolist()
    assert held_drawings(pan.frames).tolist() == list(range(6))
