import pytest

from animeflow.delivery.episode_numbers import episode_numbers, number_in


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("第02話 Paper Lanterns.mkv", 2),
        ("Show/第１２話.mkv", 12),
        ("Show.S02E07.1080p.mkv", 7),
        ("Show s01e03v2.mkv", 3),
        ("Show_EP04_end.mkv", 4),
        ("Show Episode 11.mkv", 11),
        ("[Group] Show - 02 (1080p) [ABCD1234].mkv", 2),
        ("[Group] Show - 02v2 [720p].mkv", 2),
        ("[Group] 86 - Eighty Six - 05.mkv", 5),
        ("One Long Show - 1071.mkv", 1071),
        ("[Group][Show][09][1080p].mkv", 9),
        ("01.mkv", 1),
        ("Show - 2019.mkv", None),
        ("Show - 1080p.mkv", None),
        ("Show - 12.5.mkv", None),
        ("Type2 Scene05.mkv", None),
        ("第3話/special.mkv", None),
        ("film.mkv", None),
    ],
)
def test_the_number_in_a_name(path, number):
    assert number_in(path) == number


@pytest.mark.parametrize(
    ("paths", "numbers"),
    [
        (["a.mkv", "b.mkv"], [1, 2]),
        (["第02話.mkv"], [2]),
        (["Show - 01.mkv", "special.mkv", "Show - 02.mkv"], [1, 3, 2]),
        (["S1E02.mkv", "S2E02.mkv", "S2E03.mkv"], [2, 1, 3]),
    ],
)
def test_no_two_files_have_one_number(paths, numbers):
    assert episode_numbers(paths) == numbers
