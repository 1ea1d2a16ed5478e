"""The table of shot kinds and `draw_shot`."""

from __future__ import annotations

from fractions import Fraction

from animeflow.errors import SettingsError
from animeflow.sample.compose import shoot
from animeflow.sample.kinds import action, held, light, moving, text
from animeflow.sample.setup import Kind, Setup
from animeflow.sample.style import Style
from animeflow.sample.truth import DrawnShot

FPS = Fraction(24000, 1001)
KINDS: dict[str, Kind] = {**held.KINDS, **moving.KINDS, **light.KINDS, **text.KINDS, **action.KINDS}
SHOT_KINDS: dict[str, str] = {name: kind.description for name, kind in KINDS.items()}


def draw_shot(
    kind: str,
    *,
    seed: int,
    size: tuple[int, int] = (640, 360),
    frames: int | None = None,
    fps: Fraction = FPS,
    style: Style | None = None,
) -> DrawnShot:
    """Draw one shot of `kind` (a key of `SHOT_KINDS`); the same arguments give the same pixels.

    `frames` None takes the kind's own length. Raises SettingsError for an unknown kind, an odd or tiny size, or a
    length below one frame.
    """
    if kind not in KINDS:
        raise SettingsError(f"shot kind {kind!r} is unknown; there are {', '.join(sorted(KINDS))}")
    if min(size) < 32 or size[0] % 2 or size[1] % 2:
        raise SettingsError(f"size {size} must be even and at least 32 px a side")
    count = KINDS[kind].frames if frames is None else frames
    if count < 1:
        raise SettingsError(f"a shot of {count} frames: at least one is needed")
    style = style or Style()
    setup = Setup(kind=kind, seed=seed, size=size, frames=count, fps=fps, style=style)
    return shoot(KINDS[kind].build(setup), kind=kind, seed=seed, size=size, fps=fps, grain_sigma=style.grain)
