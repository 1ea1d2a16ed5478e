"""av1an 6.1.5 as a peer of the AV1 encode: installed for one benchmark, with an encoder that is built outside it.

Its wheel is on PyPI; it drives `SvtAv1EncApp`, the program of SVT-AV1, which no wheel brings. Built from source:
`cmake -B build -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF && make -C build`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from animeflow.media.encode.plan import EncodePlan
from animeflow.media.ffmpeg import ffmpeg_path
from benchmarks.common import environment_with

VERSION = "6.1.5"
ENCODER = "SvtAv1EncApp"
PEER = (f"av1an=={VERSION}", "scenedetect==0.5.6.1")  # the last scenedetect with the API that it imports
NEEDS = (
    "numpy", "opencv-python-headless", "tqdm", "psutil", "scipy", "matplotlib", "appdirs", "click", "setuptools<80",
)  # fmt: skip


@dataclass(frozen=True)
class Av1an:
    """The peer, ready to run: its command, and a folder of the programs that it looks for on PATH."""

    command: Path
    programs: Path
    encoder: str  # version of the encoder, as it names itself

    @classmethod
    def install(cls, folder: Path, encoder: Path) -> Av1an:
        """Into a fresh environment under `folder`; `encoder` is a SvtAv1EncApp."""
        python = environment_with(folder / "av1an", PEER, NEEDS)
        programs = folder / "programs"
        programs.mkdir()
        (programs / "ffmpeg").symlink_to(ffmpeg_path())
        (programs / ENCODER).symlink_to(encoder.resolve())
        said = subprocess.run([encoder, "--version"], check=True, capture_output=True, text=True).stdout
        return cls(python.with_name("av1an"), programs, said.splitlines()[0])

    def encode(self, plan: EncodePlan, cuts: Sequence[int], frames: int, output: Path) -> None:
        """The plan's video with its preset, tune and CRF, in chunks that begin on the given cuts: av1an is spared its
        own scene detection, and carries no stream but video and sound. Its other way of making chunks without
        VapourSynth, `hybrid`, asks ffmpeg for `-vsync`, which newer ones do not have.
        """
        scenes = output.with_suffix(".scenes.json")
        scenes.write_text(json.dumps({"scenes": list(cuts), "frames": frames}))
        output.unlink(missing_ok=True)  # it would ask
        words = [
            self.command, "-i", plan.probe.path, "-o", output, "--temp", output.with_suffix(".chunks"),
            "--scenes", scenes, "--encoder", "svt_av1", "--force", "--quiet", "--chunk_method", "select",
            "--workers", max(1, (os.cpu_count() or 2) // 2), "--pix_format", "yuv420p10le",
            "-v", f" {' '.join(encoder_words(plan))}",
        ]  # fmt: skip
        path = f"{self.programs}{os.pathsep}{os.environ['PATH']}"
        result = subprocess.run(
            [str(word) for word in words],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, "PATH": path},
        )
        if result.returncode or not output.is_file():
            raise RuntimeError(f"av1an wrote nothing and said: {result.stdout[-500:]}{result.stderr[-500:]}")


def encoder_words(plan: EncodePlan) -> list[str]:
    """The plan's encoder options as those of SvtAv1EncApp."""
    given = plan.encoder.args()
    named = dict(zip(given[::2], given[1::2], strict=True))
    words = ["--preset", named["-preset:v:0"]]
    for key, value in (pair.split("=") for pair in named["-svtav1-params"].split(":")):
        words += [f"--{key}", value]
    return words


def encoder_program(named: Path | None) -> Path | None:
    """The SvtAv1EncApp that was named, else the one on PATH, else None."""
    found = str(named) if named is not None else shutil.which(ENCODER)
    return None if found is None else Path(found)
