from __future__ import annotations

import json
from typing import Any

import pytest

from animeflow.report import sections
from animeflow.report.pictures import Budget
from animeflow.report.shard import ShardData
from animeflow.report.timeline import timelines


def test_a_length_holds_the_last_frame(data: ShardData) -> None:
    row = next(row for row in data.rows("shard_files") if row["usable"])
    found = next(file for file in sections.files(data) if file["usable"])
    ticks = row["last_pts"] - row["first_pts"] + row["last_duration"]
    assert found["length"] == pytest.approx(ticks * row["time_base_num"] / row["time_base_den"])


@pytest.mark.parametrize(("audio", "silent"), [([], True), ([{"codec": "aac"}], False)])
def test_a_video_without_sound_is_not_said_to_have_no_voice(
    data: ShardData, monkeypatch: pytest.MonkeyPatch, audio: list[Any], silent: bool
) -> None:
    lines = timelines(data, Budget(10**6))
    rows = data.rows
    monkeypatch.setattr(
        data,
        "rows",
        lambda name: [
            {**row, "audio_json": json.dumps(audio)} if name == "shard_files" else row for row in rows(name)
        ],
    )
    views = sections.speech(data, lines)
    assert views
    assert all((view.summary == "It has no sound.") == silent for view in views)
