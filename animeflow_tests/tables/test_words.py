from animeflow.tables.words import listed, plural


def test_one_is_singular() -> None:
    assert [plural(count, "clip") for count in (0, 1, 2)] == ["0 clips", "1 clip", "2 clips"]


def test_a_list_says_what_it_leaves_out() -> None:
    assert (listed(["a", "b"], 2), listed(["a", "b", "c"], 2)) == ("a, b", "a, b and 1 more")
