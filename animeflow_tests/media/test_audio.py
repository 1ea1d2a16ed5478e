from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from animeflow.errors import DecodeError, InputError
from animeflow.media.audio import isolated_audio, measure_loudness, read_all_audio, read_audio
from animeflow.media.isolation import isolate
from animeflow.settings.isolation import IsolationSettings
from animeflow_tests.media.conftest import H264
from animeflow_tests.media.numbered import ffmpeg, write_numbered

CLICK = "aevalsrc='if(lt(mod(t,0.5),0.01),0.9,0)':s=48000:d={}"


def film(
    path: Path, sound: str, *codec: str, video: tuple[str, ...] = H264, before: tuple[str, ...] = ()
) -> Path:
    maps = ("-map", "0:v", "-map", "1:a")
    return write_numbered(path, 48, *before, "-f", "lavfi", "-i", sound, *maps, *video, *codec)


def click_times(sound: np.ndarray, rate: int) -> list[float]:
    loud = np.flatnonzero(np.abs(sound[0]) > 0.3)
    return [float(s) / rate for n, s in enumerate(loud) if n == 0 or s - loud[n - 1] > rate // 10]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("x.mkv", ("-c:a", "flac")),
        ("x.mkv", ("-c:a", "aac")),
        ("x.mp4", ("-c:a", "aac")),
        ("x.mkv", ("-c:a", "libopus")),
    ],
)
def test_sound_is_placed_on_the_clock_of_the_video(tmp_path: Path, name: str, codec: tuple[str, ...]) -> None:
    """Encoder delays (AAC 1024 samples, Opus 312) do not shift it."""
    path = film(tmp_path / name, CLICK.format(2), *codec)
    sound = read_all_audio(path, rate=16000)
    assert sound.shape[1] == pytest.approx(32000, abs=400)
    assert click_times(sound, 16000) == pytest.approx([0, 0.5, 1, 1.5], abs=0.004)


def test_a_stream_whose_clock_starts_late_starts_at_its_first_frame(tmp_path: Path) -> None:
    path = film(tmp_path / "x.ts", CLICK.format(2), "-c:a", "mp2", video=("-c:v", "mpeg2video", "-q:v", "2"))
    assert click_times(read_all_audio(path, rate=16000), 16000)[-3:] == pytest.approx(
        [0.5, 1, 1.5], abs=0.004
    )


def test_sound_is_placed_on_the_clock_of_the_film_not_of_a_cover(tmp_path: Path, big_cover_jpg: Path) -> None:
    """A cover that a remux made the first track begins at zero, the film half a second later."""
    path = film(tmp_path / "x.mkv", CLICK.format(2), "-c:a", "flac")
    inputs = ("-itsoffset", "0.5", "-i", path, "-i", big_cover_jpg)
    ffmpeg(*inputs, "-map", "1:v", "-map", "0", "-c", "copy", tmp_path / "covered.mkv")
    sound = read_all_audio(tmp_path / "covered.mkv", rate=16000)
    assert click_times(sound, 16000) == pytest.approx([0, 0.5, 1, 1.5], abs=0.004)


def test_a_track_that_begins_after_the_video_gets_silence_before_it(tmp_path: Path) -> None:
    path = film(tmp_path / "x.mkv", CLICK.format(1), "-c:a", "flac", before=("-itsoffset", "0.7"))
    sound = read_all_audio(path, rate=16000)
    assert click_times(sound, 16000) == pytest.approx([0.7, 1.2], abs=0.003)
    assert not sound[0, :11000].any()


def test_sound_before_the_first_frame_is_cut(tmp_path: Path) -> None:
    path = film(tmp_path / "x.mkv", CLICK.format(2), "-c:a", "flac")
    late = read_audio(path, rate=16000, clock_zero_s=0.3)
    sound = np.concatenate([b.samples for b in late], axis=1)
    assert click_times(sound, 16000) == pytest.approx([0.2, 0.7, 1.2], abs=0.003)


def test_a_hole_in_the_track_is_silence(tmp_path: Path) -> None:
    path = tmp_path / "x.mkv"
    gate = CLICK.format(2) + ",aselect='not(between(t,0.6,1.2))'"
    film(path, gate, "-c:a", "flac")
    sound = read_all_audio(path, rate=16000)
    assert click_times(sound, 16000) == pytest.approx([0, 0.5, 1.5], abs=0.03)
    assert not sound[0, 12000:18000].any()


def test_blocks_are_contiguous_and_of_one_size(tmp_path: Path) -> None:
    path = film(tmp_path / "x.mkv", "sine=440:d=2", "-c:a", "aac")
    blocks = list(read_audio(path, rate=22050, channels=2, block=1000))
    assert [b.start for b in blocks] == list(range(0, 1000 * len(blocks), 1000))
    assert {b.samples.shape for b in blocks[:-1]} == {(2, 1000)}
    assert all(b.samples.dtype == np.float32 for b in blocks)
    whole = read_all_audio(path, rate=22050, channels=2)
    assert np.array_equal(np.concatenate([b.samples for b in blocks], axis=1), whole)


def test_a_tone_keeps_its_pitch_and_level(tmp_path: Path) -> None:
    path = film(tmp_path / "x.mkv", "aevalsrc='0.5*sin(2*PI*440*t)':s=48000:d=2", "-c:a", "flac")
    sound = read_all_audio(path, rate=16000)[0, 1000:17000]
    spectrum = np.abs(np.fft.rfft(sound))
    assert int(spectrum.argmax()) == 440
    assert np.abs(sound).max() == pytest.approx(0.5, abs=0.01)


def test_tracks_are_chosen_by_number(rich_mkv: Path) -> None:
    pitches = []
    for track in (0, 1):
        sound = read_all_audio(rich_mkv, rate=8000, track=track)[0, :8000]
        pitches.append(int(np.abs(np.fft.rfft(sound)).argmax()))
    assert pitches == [440, 880]


def test_no_sound_is_told_with_its_reason(plain_mkv: Path, rich_mkv: Path) -> None:
    for path, track in ((plain_mkv, 0), (rich_mkv, 2)):
        with pytest.raises(InputError) as caught:
            list(read_audio(path, track=track))
        assert caught.value.reason == "no_audio"


def test_sound_alone_is_read_too(sound_mp4: Path) -> None:
    assert read_all_audio(sound_mp4, rate=16000).shape[1] == pytest.approx(16000, abs=400)


@pytest.mark.parametrize("settings", [{"channels": 3}, {"rate": 0}, {"block": 0}])
def test_impossible_requests_are_refused(rich_mkv: Path, settings: dict[str, int]) -> None:
    with pytest.raises(InputError):
        list(read_audio(rich_mkv, **settings))


def test_damaged_sound_is_passed_over(tmp_path: Path) -> None:
    path = film(tmp_path / "x.mkv", "sine=440:d=2", "-c:a", "flac")
    data = bytearray(path.read_bytes())
    for at in range(len(data) // 2, len(data), 997):
        data[at] ^= 0x55
    (tmp_path / "broken.mkv").write_bytes(data)
    sound = read_all_audio(tmp_path / "broken.mkv", rate=16000)
    assert sound.shape[1] > 8000
    assert np.isfinite(sound).all()


def test_a_text_is_no_sound(tmp_path: Path) -> None:
    (tmp_path / "x.mkv").write_text("no sound")
    with pytest.raises(DecodeError):
        list(read_audio(tmp_path / "x.mkv"))


def test_loudness_of_a_known_tone(tmp_path: Path) -> None:
    """A stereo sine of 1 kHz at -23 dBFS measures -23 LUFS (EBU Tech 3341, case 1)."""
    level = 10 ** (-23 / 20)
    tone = f"{level}*sin(2*PI*1000*t)"
    path = tmp_path / "tone.wav"
    ffmpeg(
        "-f", "lavfi", "-i", f"aevalsrc='{tone}|{tone}':s=48000:d=6", "-c:a", "flac", tmp_path / "tone.mkv"
    )
    found = measure_loudness(tmp_path / "tone.mkv")
    assert not path.exists()
    assert found.integrated_lufs == pytest.approx(-23, abs=0.1)
    assert found.true_peak_dbtp == pytest.approx(-23, abs=0.2)


def test_silence_has_no_loudness(tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "anullsrc=d=4", "-c:a", "flac", tmp_path / "silence.mkv")
    assert measure_loudness(tmp_path / "silence.mkv").integrated_lufs is None


@pytest.mark.usefixtures("importable")
def test_a_worker_gives_the_same_sound_also_where_it_dies_once_on_the_way(tmp_path: Path) -> None:
    """12 s of stereo are 4.6 MB: more than the pipe holds, so the worker is at work when it is killed."""
    path = film(tmp_path / "x.mkv", "sine=440:r=48000:d=12", "-c:a", "flac")
    here = list(read_audio(path, rate=48000, channels=2))
    worker = isolate.call("animeflow_tests.media.isolated:facts", limits=IsolationSettings())["pid"]
    blocks = isolated_audio(path, rate=48000, channels=2)
    there = [next(blocks)]
    os.kill(worker, signal.SIGSEGV)
    there += blocks
    assert [block.start for block in there] == [block.start for block in here]
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(there, here, strict=True))


def test_a_worker_tells_what_is_wrong_with_a_track(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        list(isolated_audio(write_numbered(tmp_path / "mute.mkv", 4, *H264)))
    assert error.value.reason == "no_audio"
