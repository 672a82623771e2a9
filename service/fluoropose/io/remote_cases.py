"""Cases in an object store (S3 and what fsspec knows beside it), of which a local folder is the cache.

A case is there once its record is, which is written last and deleted first; its arrays are checked by the digests in it
when the case is loaded. The store is the truth: what is not there any more leaves the cache at the next start.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fluoropose.errors import InputError, StorageError
from fluoropose.io.cases import CASE_FILES, is_name

__all__ = ["RemoteCases", "cache_name", "is_remote"]

_RECORD = "case.json"


def is_remote(place: str) -> bool:
    """Return whether a place of cases is an address and no folder of this machine."""
    return "://" in place


def cache_name(url: str) -> str:
    """Return the name of the folder that caches the cases of an address."""
    return hashlib.sha256(url.rstrip("/").encode()).hexdigest()[:16]


class RemoteCases:
    """The cases below an address such as s3://bucket/folder. All calls raise StorageError as the store refuses."""

    def __init__(self, url: str) -> None:
        """Open the store; credentials and endpoint are those of the environment.

        Raises
        ------
        InputError
            If the extra `s3` is not installed, or nobody knows such addresses.
        """
        try:
            import fsspec

            self._store, path = fsspec.core.url_to_fs(url, use_listings_cache=False, skip_instance_cache=True)
        except (ImportError, ValueError) as error:
            raise InputError(
                f"expected an address of an object store and `pip install 'fluoropose[s3]'`, got {url[:80]}: {error}"
            ) from error
        self._root = str(path).rstrip("/")

    def names(self) -> list[str]:
        """Return the names of all cases."""
        with _store_errors("to list the cases"):
            found = self._store.glob(f"{self._root}/*/{_RECORD}")
            names = sorted(str(path).split("/")[-2] for path in found)
            return [name for name in names if is_name(name)]

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of the record of every case by name."""
        names = self.names()
        with _store_errors("to list the cases"):
            return {name: self._digest(name) for name in names}

    def digest(self, name: str) -> str | None:
        """Return the SHA-256 of the record of one case, or None if the case is not there.

        A store whose own place has gone is a store that refuses: that says nothing of its cases.
        """
        with _store_errors(f"to look for {name}"):
            try:
                return self._digest(name)
            except FileNotFoundError:
                if self._store.exists(self._root):
                    return None
                raise

    def push(self, folder: Path) -> None:
        """Write a case that is whole in a folder; it is there once all of it is."""
        with _store_errors(f"to write {folder.name}"):
            for name in (*(name for name in CASE_FILES if name != _RECORD), _RECORD):
                if (folder / name).is_file():
                    self._store.put_file(str(folder / name), f"{self._root}/{folder.name}/{name}")

    def pull(self, name: str, folder: Path, *, records_only: bool = False) -> None:
        """Copy a case, or its record alone, into a folder that is empty or not there.

        Whether the case is whole is found when it is loaded.
        """
        with _store_errors(f"to read {name}"):
            folder.mkdir(parents=True, exist_ok=True)
            there = {str(path).split("/")[-1] for path in self._store.ls(f"{self._root}/{name}", detail=False)}
            for file in (_RECORD,) if records_only else CASE_FILES:
                if file in there:
                    self._store.get_file(f"{self._root}/{name}/{file}", str(folder / file))

    def remove(self, name: str) -> None:
        """Delete a case, if it is there: its record first, so that a deletion that is cut short leaves none."""
        with _store_errors(f"to delete {name}"):
            place = f"{self._root}/{name}"
            if self._store.exists(f"{place}/{_RECORD}"):
                self._store.rm_file(f"{place}/{_RECORD}")
            if self._store.exists(place):
                self._store.rm(place, recursive=True)

    def _digest(self, name: str) -> str:
        data: Any = self._store.cat_file(f"{self._root}/{name}/{_RECORD}")
        return hashlib.sha256(data).hexdigest()


@contextmanager
def _store_errors(purpose: str) -> Iterator[None]:
    """Raise StorageError for whatever the store raises: its libraries have errors of many kinds of their own."""
    try:
        yield
    except StorageError:
        raise
    except Exception as error:
        raise StorageError(f"expected {purpose} in the object store, got: {str(error)[:200]}") from error
