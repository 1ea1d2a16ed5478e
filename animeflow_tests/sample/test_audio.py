from __future__ import annotations

import wave

import numpy as np

from animeflow.sample.audio import RATE, soundtrack, write_wav


def test_the_soundtrack_lasts_as_long_as_asked_and_neither_clips_nor_is_silent():
    sound = soundtrack(1.5, seed=3, bells=[0.5])
    assert sound.shape == (round(1.5 * RATE), 2) and sound.dtype == np.int16
    assert 2000 < np.abs(sound).max() < 32767
    assert np.array_equal(sound, soundtrack(1.5, seed=3, bells=[0.5]))


def test_a_bell_rings_where_the_shot_changes():
    plain, rung = soundtrack(2.0, seed=3, bells=[]), soundtrack(2.0, seed=3, bells=[1.0])
    changed = np.flatnonzero((plain != rung).any(axis=1))
    assert abs(changed[0] / RATE - 1.0) < 0.01


def test_the_wav_file_reads_back(tmp_path):
    sound = soundtrack(0.25, seed=1, bells=[])
    write_wav(tmp_path / "s.wav", sound)
    with wave.open(str(tmp_path / "s.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (RATE, 2, len(sound))
