"""API keys: made here, kept only as hashes, checked in constant time, read again when their file changes."""

import hashlib
import hmac
import json
import re
import secrets
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fluoropose.errors import ForbiddenError, InputError, StorageError, UnauthenticatedError
from fluoropose.io.files import write_json

__all__ = ["KeyRing", "LOOK_AGAIN_S", "SCOPES", "add_key", "remove_key"]

SCOPES = ("infer", "manage", "metrics")
"""What a key may allow: sessions and registration; uploading and deleting cases; scraping the metrics."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
LOOK_AGAIN_S = 1.0
"""So long a file of keys is not looked at again, so that a call costs no disk access."""


@dataclass(frozen=True, slots=True)
class _Key:
    digest: str
    scopes: tuple[str, ...]
    expires_s: float | None


class KeyRing:
    """The keys of one file.

    A token is `fp_<id>_<secret>`; the file holds its SHA-256, which suffices for 256 random bits (a slow hash guards
    secrets that people choose).
    """

    def __init__(self, path: Path, look_again_s: float = LOOK_AGAIN_S) -> None:
        """Read the file, or raise InputError naming what is wrong with it."""
        self._path = path
        self._look_again_s = look_again_s
        self._lock = threading.Lock()
        self._stamp = (0, 0)
        self._looked_s = 0.0
        self._keys: dict[str, _Key] = {}
        self._read()

    def check(self, token: str, scope: str) -> str:
        """Return the id of the key that a token is, if it allows `scope`.

        Raises
        ------
        UnauthenticatedError, ForbiddenError
            If the token is empty, unknown or expired; if it does not allow the scope.
        """
        if not token:
            raise UnauthenticatedError("expected an API key, got none", "missing")
        self._read_if_changed()
        name = token.split("_")[1] if token.count("_") >= 2 else ""
        key = self._keys.get(name)
        digest = hashlib.sha256(token.encode()).hexdigest()
        if not hmac.compare_digest(digest, key.digest if key else "0" * 64) or key is None:
            raise UnauthenticatedError("expected a known API key, got another", "unknown")
        return _require(key, name, scope)

    def require(self, name: str, scope: str) -> str:
        """Return the id of a key that was checked before if it still allows `scope`, or raise as `check`."""
        self._read_if_changed()
        key = self._keys.get(name)
        if key is None:
            raise UnauthenticatedError("expected a known API key, got one that was removed", "unknown")
        return _require(key, name, scope)

    def secrets_of(self, scope: str) -> dict[str, str]:
        """Return the hashes, by id, of the keys that allow `scope` now; the file is read again if it has changed."""
        with suppress(InputError):
            self._read()
        now = time.time()
        return {
            name: key.digest
            for name, key in self._keys.items()
            if scope in key.scopes and (key.expires_s is None or now < key.expires_s)
        }

    def _read_if_changed(self) -> None:
        """Read the file if it has changed; keep the keys of before if it cannot be read any more."""
        if time.monotonic() - self._looked_s < self._look_again_s:
            return
        try:
            self._read()
        except InputError:
            self._looked_s = time.monotonic()

    def _read(self) -> None:
        with self._lock:
            self._looked_s = time.monotonic()
            try:
                stat = self._path.stat()
            except OSError as error:
                raise InputError(f"expected a file of keys at {self._path.name}, got: {error.strerror}") from error
            stamp = (stat.st_mtime_ns, stat.st_size)
            if stamp != self._stamp:
                self._keys = {entry["id"]: _key(entry) for entry in _entries(self._path)}
                self._stamp = stamp


def _require(key: _Key, name: str, scope: str) -> str:
    """Return a key's id if it has not expired and allows `scope`, or raise what is wrong with it."""
    if key.expires_s is not None and time.time() >= key.expires_s:
        raise UnauthenticatedError(f"expected a valid API key, got {name!r}, which has expired", "expired")
    if scope not in key.scopes:
        raise ForbiddenError(f"expected a key that allows {scope!r}, got {name!r}, which does not", "scope")
    return name


def add_key(path: Path, name: str, scopes: Sequence[str], days: int | None = None) -> str:
    """Add a key to a file (made if it is not there) and return the token, which is stored nowhere.

    Raises
    ------
    InputError
        If the name is taken or no name, or a scope is unknown.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"expected a name of lower-case letters, digits and hyphens, at most 32, got {name!r}")
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise InputError(f"expected scopes of {', '.join(SCOPES)}, got {', '.join(unknown) or 'none'}")
    entries = _entries(path) if path.exists() else []
    if any(entry["id"] == name for entry in entries):
        raise InputError(f"expected a new name, got {name!r}, which has a key; remove it first")
    token = f"fp_{name}_{secrets.token_hex(32)}"
    expires = None if days is None else (datetime.now(UTC) + timedelta(days=days)).isoformat()
    digest = hashlib.sha256(token.encode()).hexdigest()
    entries.append({"id": name, "sha256": digest, "scopes": list(scopes), "expires": expires})
    _write(path, entries)
    return token


def remove_key(path: Path, name: str) -> None:
    """Remove a key from a file, or raise InputError if it is not there."""
    entries = _entries(path)
    kept = [entry for entry in entries if entry["id"] != name]
    if len(kept) == len(entries):
        raise InputError(f"expected a key of: {', '.join(entry['id'] for entry in entries) or 'none'}; got {name!r}")
    _write(path, kept)


def _write(path: Path, entries: list[dict[str, Any]]) -> None:
    write_json(path, {"keys": entries})
    try:
        path.chmod(0o600)
    except OSError as error:
        raise StorageError(f"expected to own {path.name}, got: {error.strerror}") from error


def _entries(path: Path) -> list[dict[str, Any]]:
    try:
        entries = json.loads(path.read_text())["keys"]
        for entry in entries:
            _key(entry)
            if not _NAME.fullmatch(entry["id"]):
                raise ValueError(f"an id {entry['id']!r}")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"expected a file of keys made by `fluoropose keys add`, got: {error!r}"[:300]) from error
    return list(entries)


def _key(entry: dict[str, Any]) -> _Key:
    expires = entry.get("expires")
    if not re.fullmatch(r"[0-9a-f]{64}", entry["sha256"]):
        raise ValueError("a hash that is no SHA-256")
    return _Key(
        entry["sha256"],
        tuple(entry["scopes"]),
        None if expires is None else datetime.fromisoformat(expires).timestamp(),
    )
