"""A place that fsspec reaches by URL (S3 and the like) as a dataset repository."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

from animeflow.errors import HubUnavailable, InputError, PublishRejected, SettingsError
from animeflow.hubs.base import (
    Fault,
    LocalFile,
    RemoteFile,
    hash_stream,
    listing_digest,
    part_of,
    require_relative,
    resume,
)


class RemoteFolderHub:
    """Objects below an fsspec URL. An upload becomes visible whole when it is closed, as object stores do."""

    atomic_files = True
    single = False

    def __init__(self, url: str) -> None:
        import fsspec

        try:
            self.fs, root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise SettingsError(
                f"cannot open {url!r}: {error}", hint="pip install 'animeflow[distributed]'"
            ) from error
        self.root = root.rstrip("/")

    def head(self) -> str:
        return listing_digest(self.list())

    def at(self, revision: str) -> Self:  # noqa: ARG002 part of the protocol
        return self  # no history: a file that changed since it was listed is refused when it is fetched

    def list(self, prefix: str = "") -> Iterator[RemoteFile]:
        start = self._at(prefix) if prefix else self.root
        self.fs.invalidate_cache()
        try:
            found = self.fs.find(start, detail=True)
        except FileNotFoundError:
            return
        except OSError as error:
            raise HubUnavailable(f"cannot list {prefix or 'the repository'!r}: {error}") from error
        yield from sorted((self._file(info) for info in found.values()), key=lambda file: file.path)

    def read_start(self, path: str, size: int) -> bytes:
        try:
            return self.fs.cat_file(self._at(path), start=0, end=size)
        except FileNotFoundError as error:
            raise InputError("does not exist", path=path) from error
        except OSError as error:
            raise HubUnavailable(f"cannot read {path!r}: {error}") from error

    def sha256(self, path: str) -> str:
        try:
            with self.fs.open(self._at(path), "rb") as stream:
                return hash_stream(stream)
        except FileNotFoundError as error:
            raise InputError("does not exist", path=path) from error
        except OSError as error:
            raise HubUnavailable(f"cannot read {path!r} back: {error}") from error

    def fetch_resumable(self, file: RemoteFile, target: Path) -> str:
        part = part_of(target, file)
        part.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self.fs.open(self._at(file.path), "rb") as stream:
                sha256 = resume(stream, part)
        except FileNotFoundError as error:
            raise InputError("does not exist any more", path=file.path) from error
        except OSError as error:
            raise HubUnavailable(f"the download of {file.path!r} broke off: {error}") from error
        if part.stat().st_size != file.size:
            part.unlink()
            raise HubUnavailable(f"{file.path!r} changed while it was read", hint="try again")
        part.replace(target)
        return sha256

    def publish(self, files: Sequence[LocalFile]) -> None:
        for file in files:
            try:
                self.fs.put_file(str(file.local), self._at(file.path))
            except PermissionError as error:
                raise PublishRejected(f"the target does not take {file.path!r}: {error}") from error
            except OSError as error:
                raise HubUnavailable(f"the upload of {file.path!r} broke off: {error}") from error

    def put_if_absent(self, path: str, data: bytes) -> bool:
        try:
            self.fs.pipe_file(self._at(path), data, mode="create")
        except FileExistsError:
            return False
        return True

    def remove(self, paths: Sequence[str]) -> None:
        for path in paths:
            try:
                self.fs.rm_file(self._at(path))
            except FileNotFoundError:
                continue
            except OSError as error:
                raise HubUnavailable(f"cannot delete {path!r}: {error}") from error

    def verify(self, files: Sequence[LocalFile]) -> Sequence[Fault]:
        return [fault for file in files if (fault := self._fault(file))]

    def _at(self, path: str) -> str:
        require_relative(path)
        return f"{self.root}/{path}"

    def _file(self, info: dict[str, Any]) -> RemoteFile:
        when: Any = info.get("mtime") or info.get("LastModified") or info.get("created")
        changed = when.timestamp() if hasattr(when, "timestamp") else when
        etag = info.get("ETag") or f"{info['size']}-{changed}"
        return RemoteFile(info["name"][len(self.root) + 1 :], info["size"], str(etag), changed=changed)

    def _fault(self, file: LocalFile) -> Fault | None:
        try:
            size = self.fs.size(self._at(file.path))
        except FileNotFoundError:
            return Fault(file.path, "missing")
        except OSError as error:
            raise HubUnavailable(f"cannot look at {file.path!r}: {error}") from error
        if size != file.size:
            return Fault(file.path, f"{size} bytes, {file.size} wanted")
        found = self.sha256(file.path)
        return None if found == file.sha256 else Fault(file.path, f"sha256 {found}, {file.sha256} wanted")
