"""What `doctor` looks at. Each check gives findings; a fault or note says how to mend it."""

from __future__ import annotations

import ctypes.util
import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from animeflow.errors import AnimeflowError
from animeflow.settings.media import EncoderChoice
from animeflow.settings.tree import Settings
from animeflow.tables.workspace import Workspace

State = Literal["ok", "note", "fault"]
PYTHONS = ((3, 11), (3, 14))  # from, below
CV2_PACKAGES = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
# What the wheels of opencv-python and skia-python load from the system, and the Debian package that brings it.
LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libxcb.so.1": "libxcb1",
    "libEGL.so.1": "libegl1",
    "libexpat.so.1": "libexpat1",
}
TORCH_PAIRS = {"2.13": "0.28", "2.12": "0.27", "2.11": "0.26"}  # torch -> the torchvision built against it
NEEDED_ENCODERS = ("libsvtav1", "libopus", "libx264", "flac")
NEEDED_GB = 5.0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    state: State
    text: str
    mend: str = ""

    def row(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def examine(settings: Settings, workspace: Workspace) -> list[Finding]:
    """All findings, in the order in which one would mend them."""
    checks: Sequence[Callable[[], list[Finding]]] = (
        python,
        packages,
        opencv,
        torch_pair,
        system_libraries,
        lambda: ffmpeg(settings),
        gpu,
        lambda: decoding(settings),
        lambda: disk(settings, workspace),
        memory,
        lambda: tokens(settings),
        lambda: weights(settings),
    )
    return [finding for check in checks for finding in check()]


def version_of(package: str) -> str | None:
    """The installed version of a distribution, None where it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def python() -> list[Finding]:
    """Whether this Python is one of those we support."""
    text = f"{platform.python_version()} ({sys.executable})"
    if PYTHONS[0] <= sys.version_info[:2] < PYTHONS[1]:
        return [Finding("python", "ok", text)]
    return [Finding("python", "fault", text, "use Python 3.11, 3.12 or 3.13")]


def packages() -> list[Finding]:
    """Whether what the package asks for is installed."""
    wanted = [line for line in importlib.metadata.requires("animeflow") or [] if "extra ==" not in line]
    names = [re.split(r"[<>=!~ ;\[]", line, maxsplit=1)[0] for line in wanted]
    missing = [name for name in names if version_of(name) is None]
    if missing:
        return [Finding("packages", "fault", f"not installed: {', '.join(missing)}", "pip install animeflow")]
    dagster = version_of("dagster")
    return [Finding("packages", "ok", f"{len(names)} present; dagster {dagster}, av {version_of('av')}")]


def opencv(found: Callable[[str], str | None] = version_of) -> list[Finding]:
    """Exactly one package may own the folder `cv2`: two overwrite each other's files."""
    installed = {name: version for name in CV2_PACKAGES if (version := found(name))}
    text = ", ".join(f"{name} {version}" for name, version in installed.items()) or "none"
    if list(installed) == ["opencv-python"]:
        return [Finding("cv2", "ok", text)]
    others = " ".join(name for name in installed)
    mend = (
        f"pip uninstall -y {others} && pip install opencv-python"
        if installed
        else "pip install opencv-python"
    )
    what = "several packages write the folder cv2: " if len(installed) > 1 else ""
    return [Finding("cv2", "fault", what + text, mend)]


def torch_pair(found: Callable[[str], str | None] = version_of) -> list[Finding]:
    """torch and torchvision are built for each other; a mix fails in its compiled operators."""
    torch, vision = found("torch"), found("torchvision")
    if torch is None:
        return [Finding("torch", "fault", "not installed", "pip install torch")]
    build = "CUDA" if "+cu" in torch else "CPU" if "+cpu" in torch else "default"
    text = f"torch {torch} ({build} build)"
    if vision is None:
        return [Finding("torch", "ok", f"{text}, no torchvision (not needed)")]
    expected = TORCH_PAIRS.get(".".join(torch.split(".")[:2]))
    builds = {version.partition("+")[2] for version in (torch, vision) if "+" in version}
    if len(builds) > 1 or (expected and not vision.startswith(f"{expected}.")):
        mend = f"install both from one index: pip install torch=={torch} torchvision=={expected or '<matching>'}.*"
        return [
            Finding("torch", "fault", f"{text} with torchvision {vision}: they are not of one build", mend)
        ]
    return [Finding("torch", "ok", f"{text}, torchvision {vision}")]


def system_libraries(load: Callable[[str], Any] = ctypes.CDLL) -> list[Finding]:
    """The shared libraries that slim images miss."""
    missing = []
    for library in LIBRARIES:
        try:
            load(library)
        except OSError:
            missing.append(library)
    if not missing:
        return [Finding("system libraries", "ok", ", ".join(LIBRARIES))]
    wanted = " ".join(sorted({LIBRARIES[name] for name in missing}))
    return [
        Finding("system libraries", "fault", f"missing: {', '.join(missing)}", f"apt-get install -y {wanted}")
    ]


def ffmpeg(settings: Settings) -> list[Finding]:
    """Which ffmpeg, why that one, and whether it encodes what we need."""
    from animeflow.media.ffmpeg import choose_ffmpeg, ffmpeg_facts

    try:
        facts = ffmpeg_facts(choose_ffmpeg(settings.run.ffmpeg, env=os.environ))
    except AnimeflowError as error:
        return [Finding("ffmpeg", "fault", str(error), "pip install imageio-ffmpeg, or set run.ffmpeg")]
    found = [Finding("ffmpeg", "ok", f"{facts.version} ({facts.licence}) {facts.path}: {facts.why}")]
    missing = [name for name in NEEDED_ENCODERS if name not in facts.encoders]
    if missing:
        mend = "use the bundled one: unset run.ffmpeg, pip install imageio-ffmpeg"
        return [*found, Finding("codecs", "fault", f"this ffmpeg has no {', '.join(missing)}", mend)]
    return [
        *found,
        Finding("codecs", "ok", ", ".join(NEEDED_ENCODERS)),
        *encoders(facts.path, settings.media.av1.encoder),
    ]


def encoders(ffmpeg: Path, choice: EncoderChoice) -> list[Finding]:
    """One row per video encoder, proved by a one-frame encode. Only one that is asked for can be a fault."""
    from animeflow.media.encode.encoders import ENCODERS, trial

    found = []
    for encoder in ENCODERS:
        tried = trial(ffmpeg, encoder)
        name = f"encoder {encoder.kind}"
        if tried.problem is None:
            found.append(Finding(name, "ok", f"{tried.version or encoder.label}: made a frame"))
        elif encoder.kind == choice.kind:
            mend = "set media.av1.encoder.kind=svt, or auto to let it fall back"
            found.append(Finding(name, "fault", f"does not encode here: {tried.problem}", mend))
        else:
            found.append(Finding(name, "note", f"not here, not asked for: {tried.problem}"))
    return found


def gpu() -> list[Finding]:
    """GPUs that torch can use. None is no fault: the embedded profile runs on the CPU."""
    from animeflow.models.device import count_gpus

    count = count_gpus()
    if count:
        import torch

        names = ", ".join(torch.cuda.get_device_name(index) for index in range(count))
        return [Finding("gpu", "ok", f"{count}: {names}")]
    if shutil.which("nvidia-smi"):
        return [
            Finding(
                "gpu", "note", "a driver is here, but torch cannot use it", "install a CUDA build of torch"
            )
        ]
    return [Finding("gpu", "ok", f"none; {os.cpu_count()} CPU cores (the embedded profile needs no GPU)")]


def decoding(settings: Settings) -> list[Finding]:
    """What decodes, and whether a card could. What it decodes of a file is asked for each file."""
    from animeflow.media.decode.hwdecode import Nvdec

    decode = settings.shots.decode
    problem = Nvdec().card_problem()
    text = f"shots.decode.backend={decode.backend}; " + (problem or "an NVIDIA driver is here")
    if decode.backend == "nvdec" and problem:
        return [Finding("decoding", "fault", text, "set shots.decode.backend=auto or cpu")]
    if decode.backend != "cpu" and not problem and decode.isolate:
        mend = "set shots.decode.isolate=false to show it the card"
        return [Finding("decoding", "note", f"{text}, but the worker process sees no card", mend)]
    return [Finding("decoding", "ok", text)]


def disk(settings: Settings, workspace: Workspace) -> list[Finding]:
    """Room where the workspace lies, and whether it can be written."""
    place = workspace.root
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free / 1e9
    text = f"{free:.1f} GB free at {workspace.root}"
    if not os.access(place, os.W_OK):
        return [Finding("disk", "fault", f"{place} cannot be written", "choose another --out")]
    if free < settings.run.min_free_gb:
        mend = "free some room, or lower run.min_free_gb"
        return [
            Finding("disk", "fault", f"{text}, less than run.min_free_gb={settings.run.min_free_gb:g}", mend)
        ]
    if free < NEEDED_GB:
        return [Finding("disk", "note", text, f"a shard of episodes needs more than {NEEDED_GB:g} GB")]
    return [Finding("disk", "ok", text)]


def memory() -> list[Finding]:
    """Memory of the machine; a 1080p encode takes about 2 GB."""
    import psutil

    total = psutil.virtual_memory().total / 1e9
    if total < 4:
        return [
            Finding(
                "memory",
                "note",
                f"{total:.1f} GB",
                "1080p needs about 4 GB; set media.av1.encoder.profile=fast",
            )
        ]
    return [Finding("memory", "ok", f"{total:.1f} GB")]


def tokens(settings: Settings) -> list[Finding]:
    """Whether the variables that may hold tokens are set; never what they hold."""
    named = (settings.models.weights.huggingface_token_env, settings.models.weights.modelscope_token_env)
    text = ", ".join(f"{name} {'is set' if os.environ.get(name) else 'is not set'}" for name in named)
    return [Finding("tokens", "ok", f"{text} (needed only for private or gated repositories)")]


def weights(settings: Settings) -> list[Finding]:
    """Whether the weights of the embedded profile are here and whole."""
    from animeflow.cli.first_weights import absent_in_wheels
    from animeflow.models.weights import EMBEDDED, WeightStore
    from animeflow.settings.rules import UNREAD_TEXT, refuses_unread_text

    store = WeightStore(settings.models.weights)
    states = store.verify((EMBEDDED,))
    bad = [state for state in states if state.path is None]
    if not bad:
        return [
            Finding("weights", "ok", f"{len(states)} verified: {', '.join(state.id for state in states)}")
        ]
    damaged = [state for state in bad if state.problem]
    text = ", ".join(f"{state.id} {state.problem or 'absent'}" for state in bad)
    unread = absent_in_wheels(store, settings, ("text_boxes",))
    if unread and refuses_unread_text(settings.curation):
        text += (
            f"; without {' and '.join(unread)} no text is read, and every clip is dropped as {UNREAD_TEXT}"
        )
    return [Finding("weights", "fault" if damaged else "note", text, "animeflow weights fetch embedded")]
