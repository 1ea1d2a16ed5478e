from __future__ import annotations

from fractions import Fraction

from animeflow.sample.container import SoftLine, ass_track, chapter_file

FPS = Fraction(24000, 1001)


def test_soft_lines_start_at_the_time_of_their_first_frame():
    track = ass_track([SoftLine(24, 100, "Hello")], size=(640, 360), fps=FPS, title="T")
    assert "Dialogue: 0,0:00:01.00,0:00:04.17,Default,,0,0,0,,Hello" in track
    assert "PlayResX: 640" in track


def test_chapters_follow_each_other_to_the_end():
    text = chapter_file([(0, "A"), (48, "B")], frames=96, fps=Fraction(24), title="T")
    assert text.count("[CHAPTER]") == 2
    assert "START=0\nEND=2000\ntitle=A" in text and "START=2000\nEND=4000\ntitle=B" in text
