import numpy as np

from animeflow.layers.flow import carried, flicker, stabilised, warp, warps
from animeflow.layers.seeds import SeedNets, asked_drawings, grabcut_seed, make_seeds
from animeflow.settings.layers import SegmentationSettings
from animeflow_tests.layers.drawn import clip_of, drawn


def moving(count=5, step=4):
    rng = np.random.default_rng(2)
    wide = np.repeat(np.repeat(rng.integers(0, 255, (24, 60, 3), dtype=np.uint8), 5, 0), 5, 1)
    return [np.ascontiguousarray(wide[:, 40 - step * i : 240 - step * i]) for i in range(count)]


def test_a_shift_is_seen_both_ways_and_is_consistent():
    pictures = moving()
    there, _ = warps(pictures[0], pictures[1])
    inside = there.good[10:-10, 20:-20]
    assert inside.mean() > 0.8
    assert (
        np.abs(
            there.pull(pictures[1])[10:-10, 20:-20][inside].astype(int) - pictures[0][10:-10, 20:-20][inside]
        ).mean()
        < 6
    )


def test_maps_are_carried_to_the_drawings_between():
    pictures = moving()
    maps = [np.zeros((120, 200), np.float32) for _ in pictures]
    for index, one in enumerate(maps):
        one[40:80, 80 + 4 * index : 120 + 4 * index] = 1
    found = list(carried(lambda d: pictures[d], {0: maps[0], 4: maps[4]}))
    assert len(found) == 5
    assert np.abs(found[2] - maps[2]).mean() < 0.03


def test_one_flickering_mask_is_mended_and_the_ends_stay():
    pictures = moving()
    steady = [np.zeros((120, 200), np.float32) for _ in pictures]
    for index, one in enumerate(steady):
        one[40:80, 80 + 4 * index : 120 + 4 * index] = 1
    broken = [one.copy() for one in steady]
    broken[2][50:60, 95:110] = 0
    mended = list(stabilised(lambda d: pictures[d], broken))
    assert np.array_equal(mended[0], broken[0]) and np.array_equal(mended[-1], broken[-1])
    assert np.abs(mended[2] - steady[2]).mean() < 0.5 * np.abs(broken[2] - steady[2]).mean()
    assert flicker(lambda d: pictures[d], mended) < flicker(lambda d: pictures[d], broken)


def test_a_single_drawing_has_no_flicker():
    picture, alpha = moving()[0], np.ones((120, 200), np.float32)
    assert flicker(lambda _: picture, [alpha]) is None
    assert len(list(stabilised(lambda _: picture, [alpha]))) == 1


class Counting:
    """A network that knows the truth and counts what it was shown."""

    def __init__(self, shot):
        self.alphas = {frame.tobytes(): alpha for frame, alpha in zip(shot.frames, shot.alpha, strict=True)}
        self.seen = 0

    def __call__(self, frames):
        self.seen += len(frames)
        return [self.alphas[np.ascontiguousarray(frame).tobytes()] for frame in frames]


def test_networks_see_only_some_drawings_and_never_a_held_frame_twice():
    shot = drawn("cross", frames=16)
    clip, segment, matte = clip_of(shot), Counting(shot), Counting(shot)
    seeds = make_seeds(clip, SeedNets(segment, matte), SegmentationSettings(net_drawings=4))
    assert segment.seen == matte.seen == 4 and len(seeds) == clip.drawings == 8
    assert sum(seed.asked for seed in seeds) == 4
    for drawing in range(clip.drawings):
        true, ours = shot.alpha[clip.firsts[drawing]] > 0.5, seeds[drawing].seed > 0.5
        iou = (true & ours).sum() / (true | ours).sum()
        assert iou > (
            0.9 if seeds[drawing].asked else 0.45
        )  # legs that cross are lost while they are carried


def test_first_and_last_drawing_are_always_seen():
    assert asked_drawings(3, SegmentationSettings(net_drawings=10)) == [0, 1, 2]
    four = asked_drawings(30, SegmentationSettings(net_drawings=4))
    assert len(four) == 4 and four[0] == 0 and four[-1] == 29
    assert asked_drawings(30, SegmentationSettings(net_drawings=1, net_every=100)) == [0, 29]


def test_a_long_clip_is_seen_as_often_as_a_short_one():
    assert len(asked_drawings(200, SegmentationSettings(net_drawings=4, net_every=8))) == 25


def test_grabcut_that_runs_away_is_not_believed():
    picture = np.full((60, 80, 3), 128, np.uint8)
    maps = np.zeros((60, 80, 2), np.float32)
    seed, believed = grabcut_seed(picture, maps, iterations=3)
    assert not believed and not seed.any()


def test_one_way_is_what_both_ways_say():
    pictures = moving()
    for one, other in ((0, 1), (1, 0)):
        both, alone = warps(pictures[one], pictures[other])[0], warp(pictures[one], pictures[other])
        assert np.array_equal(both.grid, alone.grid) and np.array_equal(both.good, alone.good)
    back = warps(pictures[0], pictures[1])[1]
    assert np.array_equal(back.grid, warp(pictures[1], pictures[0]).grid)
