"""Frame signals, kinds of shot detection, drawings, clips: `animeflow.shots.detect(path)`.

Importing this package loads neither OpenCV nor a network; `detect` brings them when it is called.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from animeflow.models.shots import ShotNetwork
    from animeflow.settings.shots import ShotsSettings

__all__ = ["detect"]


def detect(
    path: Path | str, *, settings: ShotsSettings | None = None, network: ShotNetwork | None = None
) -> dict[str, Any]:
    """Cuts, transitions and shots of a video file, in frame numbers from 0, ranges end exclusive:

    {"frames", "cuts": [first frame of each new shot], "transitions": [{"start", "end", "kind"}],
    "shots": [{"start", "end"}]}. `cuts` are the hard ones; a transition is split at its middle, but for the fades that
    the video itself begins and ends with (kinds `fade_in`, `fade_out`): they lie in its end shots.

    `network` is a loaded shot network; None loads TransNetV2 where the detector needs it. Raises DecodeError for a file
    that cannot be read, WeightsMissing where the network's weights are not here.
    """
    from animeflow.settings.shots import ShotsSettings
    from animeflow.shots.detectors import detect_shots, needs_network, shot_probabilities
    from animeflow.shots.signals import analyse

    settings = settings or ShotsSettings()
    signals, _ = analyse(path, video_id="0" * 16, settings=settings)
    if network is None and needs_network(settings.detector):
        from animeflow.models.shots.transnetv2 import TransNetV2

        with TransNetV2() as own:
            own.load()
            probabilities = shot_probabilities(signals, own)
    else:
        probabilities = shot_probabilities(signals, network)
    return detect_shots(signals, probabilities, settings.detector).plain()
