import pytest

from animeflow.media.timing import is_cut_short


@pytest.mark.parametrize(
    ("shown_s", "claimed_s", "cut"),
    [
        (0.33, 1.19, True),  # a short video of which a quarter is there
        (1.0, 1.9, False),  # a short one whose sound goes on
        (3.5, 5.0, True),
        (4.5, 5.0, False),
        (1420.0, 1440.0, False),  # 2 % of an episode
        (1400.0, 1440.0, True),
        (1.0, None, False),
    ],
)
def test_a_video_is_cut_short_when_too_much_of_what_its_header_claims_is_missing(shown_s, claimed_s, cut):
    assert is_cut_short(shown_s, claimed_s) is cut
