from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from animeflow.media.decode.reader import counting_decodes
from animeflow.media.demux.timing import pulldown_share
from animeflow.media.probe.file import probe
from animeflow.media.probe.scan import Scan, Window, judge, kind_of, scan, spans
from animeflow_tests.media.fields import (
    BFF,
    FIELDS,
    FILM,
    LACED,
    LACED_BOTTOM,
    TELECINE,
    TELECINE_BOTTOM,
    TFF,
    VIDEO,
    drawn,
    write_fields,
)

FILM_RATE = Fraction(24000, 1001)
COUNT = 96  # of film: 4 s


def scanned(path: Path) -> Scan:
    return scan(path, probe(path))


@pytest.mark.parametrize("hold", [1, 2, 3])
@pytest.mark.parametrize(
    ("filters", "flags", "side"), [(TELECINE, TFF, "top"), (TELECINE_BOTTOM, BFF, "bottom")]
)
def test_telecined_film_is_known_whatever_its_drawings_are_held_on(
    tmp_path: Path, hold: int, filters: str, flags: tuple[str, ...], side: str
) -> None:
    path = write_fields(tmp_path / "t.mkv", drawn(COUNT, hold=hold), rate=FILM, filters=filters, codec=flags)
    found = scanned(path)
    assert (found.kind, found.field_first, found.film_rate) == ("telecine_hard", side, FILM_RATE)
    assert found.repeated_share is not None
    assert found.repeated_share > 0.1
    assert found.frames_looked == COUNT * 5 // 4


def test_telecined_film_that_is_flagged_progressive_is_known(tmp_path: Path) -> None:
    path = write_fields(
        tmp_path / "t.mkv", drawn(COUNT), rate=FILM, filters="telecine=pattern=23,setfield=prog"
    )
    assert not probe(path).video.interlaced
    assert scanned(path).kind == "telecine_hard"


@pytest.mark.parametrize("hold", [1, 2])
@pytest.mark.parametrize(("filters", "flags"), [("null", ()), ("setfield=tff", TFF)])
def test_progressive_video_is_known_whatever_its_flags_say(
    tmp_path: Path, hold: int, filters: str, flags: tuple[str, ...]
) -> None:
    path = write_fields(tmp_path / "p.mkv", drawn(COUNT, hold=hold), rate=VIDEO, filters=filters, codec=flags)
    assert probe(path).video.interlaced is bool(flags)
    found = scanned(path)
    assert (found.kind, found.field_first, found.film_rate) == ("progressive", None, None)
    assert found.frames_looked == COUNT


@pytest.mark.parametrize(("filters", "flags", "side"), [(LACED, TFF, "top"), (LACED_BOTTOM, BFF, "bottom")])
def test_fields_of_different_moments_are_interlaced(
    tmp_path: Path, filters: str, flags: tuple[str, ...], side: str
) -> None:
    path = write_fields(
        tmp_path / "i.mkv", drawn(2 * COUNT, speed=2), rate=FIELDS, filters=filters, codec=flags
    )
    found = scanned(path)
    assert (found.kind, found.field_first, found.film_rate) == ("interlaced", side, None)
    assert found.repeated_share == 0


def noisy(path: Path, rate: str, filters: str) -> Path:
    """4 s of a zoom in MPEG-2 at a rate at which the noise of coding hides in part which fields are repeated."""
    from animeflow_tests.media.numbered import ffmpeg

    shown = f"mandelbrot=size=480x320:rate={rate}"
    codec = ("-c:v", "mpeg2video", "-b:v", "1M", "-flags", "+ildct+ilme", "-g", "15", "-bf", "2")
    ffmpeg("-f", "lavfi", "-i", shown, "-t", "4", "-vf", f"format=yuv420p,{filters}", *codec, path)
    return path


def test_repeated_fields_are_known_through_the_noise_of_coding(tmp_path: Path) -> None:
    found = scanned(noisy(tmp_path / "t.mkv", FILM, TELECINE))
    assert (found.kind, found.field_first, found.film_rate) == ("telecine_hard", "top", FILM_RATE)
    assert found.repeated_share == pytest.approx(0.4, abs=0.05)


def test_noise_makes_no_telecine_of_fields_of_different_moments(tmp_path: Path) -> None:
    assert scanned(noisy(tmp_path / "i.mkv", FIELDS, LACED)).kind == "interlaced"


def test_film_beside_video_is_mixed(tmp_path: Path) -> None:
    film = write_fields(tmp_path / "f.mkv", drawn(COUNT), rate=FILM, filters=TELECINE, codec=TFF)
    join = (
        "[0:v]setpts=N/(30000/1001)/TB,settb=1001/30000[a];[1:v]settb=1001/30000[b];[b][a]concat,setfield=tff"
    )
    target = tmp_path / "m.mkv"
    from animeflow_tests.media.fields import SIZE
    from animeflow_tests.media.numbered import ffmpeg

    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{SIZE[0]}x{SIZE[1]}", "-r", VIDEO, "-i", "pipe:0"]
    ffmpeg(*raw, "-i", film, "-filter_complex", join, "-c:v", "libx264", "-pix_fmt", "yuv420p", *TFF, target,
           stdin=drawn(COUNT).tobytes())  # fmt: skip
    assert scanned(target).kind == "mixed"


def test_film_with_fields_repeated_by_flag_is_soft_telecine(tmp_path: Path) -> None:
    times = "settb=1001/60000,setpts=floor(N/2)*5+mod(N\\,2)*2"
    path = write_fields(
        tmp_path / "s.mkv",
        drawn(COUNT),
        rate=FILM,
        filters=times,
        codec=("-fps_mode", "passthrough", "-enc_time_base", "1:1000"),
    )
    video = probe(path).video
    assert video.times.pulldown_share > 0.95
    assert video.frames == COUNT
    found = scanned(path)
    assert (found.kind, found.film_rate) == ("telecine_soft", FILM_RATE)


def test_a_still_picture_says_nothing(tmp_path: Path) -> None:
    path = write_fields(tmp_path / "s.mkv", drawn(60, hold=60), rate=VIDEO, filters="setfield=tff", codec=TFF)
    assert scanned(path).kind == "unknown"


def test_film_at_its_own_rate_is_not_decoded(long_mkv: Path) -> None:
    found = probe(long_mkv)
    with counting_decodes() as counter:
        assert scan(long_mkv, found) == Scan("progressive")
    assert not counter


def test_what_is_looked_at_is_counted(tmp_path: Path) -> None:
    path = write_fields(tmp_path / "p.mkv", drawn(48), rate=VIDEO)
    facts = probe(path)
    with counting_decodes() as counter:
        scan(path, facts)
    assert counter == {"scan": 48}


def test_a_video_that_ends_early_is_judged_by_what_is_there(tmp_path: Path) -> None:
    path = write_fields(tmp_path / "t.mkv", drawn(COUNT), rate=FILM, filters=TELECINE, codec=TFF)
    facts = probe(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 3 // 4])
    found = scan(path, facts)
    assert found.kind == "telecine_hard"
    assert 0 < found.frames_looked < facts.video.frames


@pytest.mark.parametrize(
    ("frames", "rate", "wanted"),
    [
        (1, 0, [range(1)]),
        (900, 30, [range(900)]),
        (9000, 30, [range(870, 1170), range(4350, 4650), range(7830, 8130)]),
    ],
)
def test_windows_lie_at_a_tenth_the_middle_and_nine_tenths(
    frames: int, rate: int, wanted: list[range]
) -> None:
    assert spans(frames, Fraction(rate)) == wanted


def telecined(**changes: object) -> Window:
    window = Window(300, 20, Counter(tff=295, progressive=5))
    window.repeats = {"top": Counter({2: 60}), "bottom": Counter({4: 60})}
    for name, value in changes.items():
        setattr(window, name, value)
    return window


def test_windows_have_to_agree() -> None:
    progressive, still = (
        Window(300, 100, Counter(progressive=300)),
        Window(300, 295, Counter(undetermined=300)),
    )
    rate = Fraction(30000, 1001)
    assert judge([telecined(), still, telecined()], rate).kind == "telecine_hard"
    assert judge([telecined(), progressive], rate).kind == "mixed"
    assert judge([still], rate).kind == "unknown"
    assert judge([progressive], rate, pulldown_share=0.5).kind == "mixed"
    assert judge([telecined()], rate, pulldown_share=1.0).kind == "mixed"


def test_repeats_out_of_step_are_no_telecine() -> None:
    spread = {"top": Counter(dict.fromkeys(range(5), 12)), "bottom": Counter(dict.fromkeys(range(5), 12))}
    assert kind_of(telecined()) == "telecine_hard"
    assert kind_of(telecined(repeats=spread)) == "mixed"
    assert kind_of(telecined(repeats={"top": Counter({2: 60}), "bottom": Counter()})) == "mixed"
    assert kind_of(telecined(repeats={"top": Counter(), "bottom": Counter()})) == "interlaced"


def test_faint_repeats_tell_only_where_they_follow_the_cycle() -> None:
    none = {"top": Counter[int](), "bottom": Counter[int]()}
    spread = {"top": Counter(dict.fromkeys(range(5), 9)), "bottom": Counter(dict.fromkeys(range(5), 9))}
    in_step = {"top": Counter({2: 58, 0: 2}), "bottom": Counter({4: 55})}
    few = {"top": Counter({2: 20}), "bottom": Counter({4: 20})}
    assert kind_of(telecined(repeats=none, faint=spread)) == "interlaced"
    assert kind_of(telecined(repeats=none, faint=in_step)) == "telecine_hard"
    assert kind_of(telecined(repeats=none, faint=few)) == "mixed", "restored by request alone"
    assert kind_of(telecined(faint=spread)) == "telecine_hard"


def test_detail_that_looks_like_fields_of_both_orders_is_none() -> None:
    assert kind_of(Window(300, 10, Counter(tff=160, bff=140))) == "progressive"


def test_steps_of_two_and_three_fields_have_to_alternate() -> None:
    ticks, base = np.array([3003, 4504, 3003, 4505]), Fraction(1, 90_000)
    assert pulldown_share(np.tile(ticks, 10), base) == 1.0
    assert pulldown_share(np.repeat([3003], 40), base) == 0.0
    assert pulldown_share(np.repeat([3003, 4504], 20), base) < 0.1
    assert pulldown_share(np.tile([41, 42], 20), Fraction(1, 1000)) == 0.0
    assert pulldown_share(np.tile([33, 50], 20), Fraction(1, 1000)) == 1.0
