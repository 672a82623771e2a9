"""The register of a folder of cases: a SQLite database with its cases, the jobs that made them, models, and the audit.

What a case is lies in its folder; the register keeps what the folder cannot: how a job stands, who owns a case, why one
failed, what happened. Each change is one transaction, on the disk when the call returns (WAL, synchronous=FULL).
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from fluoropose.errors import StorageError
from fluoropose.io.audit import Actor, AuditEntry, chain_entry

__all__ = ["CaseRow", "JobRow", "Register", "read_audit"]

_SCHEMA = 1

_TABLES = """
CREATE TABLE IF NOT EXISTS cases (
    name TEXT PRIMARY KEY, state TEXT NOT NULL, detail TEXT NOT NULL, owner TEXT NOT NULL, digest TEXT NOT NULL,
    job TEXT NOT NULL, changed_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, case_name TEXT NOT NULL, state TEXT NOT NULL, who TEXT NOT NULL, address TEXT NOT NULL,
    submitted_at TEXT NOT NULL, ended_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS models (
    name TEXT NOT NULL, digest TEXT NOT NULL, first_used_at TEXT NOT NULL, last_used_at TEXT NOT NULL,
    PRIMARY KEY (name, digest)
);
CREATE TABLE IF NOT EXISTS audit (
    number INTEGER PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL, address TEXT NOT NULL, action TEXT NOT NULL,
    what TEXT NOT NULL, outcome TEXT NOT NULL, previous TEXT NOT NULL, digest TEXT NOT NULL UNIQUE
);
CREATE TRIGGER IF NOT EXISTS audit_is_not_changed BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit is only appended to'); END;
CREATE TRIGGER IF NOT EXISTS audit_is_not_cut BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit is only appended to'); END;
"""


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case: its state ("preparing", "publishing", "ready", "failed", "deleting"), why, and the key that owns it.

    `digest` is that of its record once it is written, `job` the job that made it; both are empty where there is none.
    """

    name: str
    state: str
    detail: str = ""
    owner: str = ""
    digest: str = ""
    job: str = ""
    changed_at: str = ""


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job that prepares a case: its state ("preparing", "ready", "failed", "cancelled", "interrupted") and times."""

    id: str
    case_name: str
    state: str
    who: str
    address: str
    submitted_at: str
    ended_at: str = ""


class Register:
    """One register, open for writing; safe for several threads. All calls raise StorageError as the disk refuses."""

    def __init__(self, path: Path | None = None) -> None:
        """Open the register in a file, made if it is not there; without a file it is kept in memory."""
        self._lock = threading.RLock()
        with _database_errors():
            self._database = sqlite3.connect(
                ":memory:" if path is None else path, isolation_level=None, check_same_thread=False, timeout=5.0
            )
            try:
                self._prepare()
            except BaseException:
                self._database.close()
                raise
        self._last = self._last_entry()

    @classmethod
    def open(cls, path: Path) -> tuple[Self, str]:
        """Return the register in a file, and the name under which a damaged one was kept, empty if it was whole."""
        try:
            return cls(path), ""
        except _DamagedError:
            kept = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
            path.rename(kept)
            for suffix in ("-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            return cls(path), kept.name

    def close(self) -> None:
        """Close the database; nothing may be asked of it any more."""
        with self._lock, suppress(sqlite3.Error):
            self._database.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """Make the changes of the block one transaction: all or none."""
        with self._lock, _database_errors():
            last = self._last
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                self._last = last
                with suppress(sqlite3.Error):
                    self._database.execute("ROLLBACK")
                raise

    def cases(self) -> list[CaseRow]:
        """Return all cases by name."""
        with self._lock, _database_errors():
            found = self._database.execute(f"SELECT {_columns(CaseRow)} FROM cases ORDER BY name")
            return [CaseRow(*row) for row in found]

    def put_case(self, row: CaseRow) -> None:
        """Write a case, in place of one of its name; its time is that of now."""
        self._put("cases", CaseRow, (*astuple(row)[:-1], _now()))

    def forget_case(self, name: str) -> None:
        """Remove a case from the register."""
        with self._lock, _database_errors():
            self._database.execute("DELETE FROM cases WHERE name = ?", (name,))

    def jobs(self) -> list[JobRow]:
        """Return all jobs, the oldest first."""
        with self._lock, _database_errors():
            found = self._database.execute(f"SELECT {_columns(JobRow)} FROM jobs ORDER BY submitted_at, id")
            return [JobRow(*row) for row in found]

    def begin_job(self, job: str, case: str, actor: Actor) -> None:
        """Write a job that begins now."""
        self._put("jobs", JobRow, (job, case, "preparing", actor.key, actor.address, _now(), ""))

    def end_job(self, job: str, state: str) -> None:
        """Write how a job ended, now."""
        with self._lock, _database_errors():
            self._database.execute("UPDATE jobs SET state = ?, ended_at = ? WHERE id = ?", (state, _now(), job))

    def use_model(self, name: str, digest: str) -> None:
        """Write that a model of a digest is used now."""
        with self._lock, _database_errors():
            self._database.execute(
                "INSERT INTO models VALUES (?, ?, ?, ?) ON CONFLICT (name, digest) DO UPDATE SET last_used_at = ?",
                (name, digest, _now(), _now(), _now()),
            )

    def models(self) -> list[tuple[str, str]]:
        """Return (name, digest) of all models that were used."""
        with self._lock, _database_errors():
            return list(self._database.execute("SELECT name, digest FROM models ORDER BY name, digest"))

    def note(self, actor: Actor, action: str, what: str = "", outcome: str = "") -> AuditEntry:
        """Append an entry to the audit and return it."""
        with self._lock, _database_errors():
            entry = chain_entry(self._last, actor, action, what, outcome)
            self._put("audit", AuditEntry, astuple(entry))
            self._last = entry
            return entry

    def audit(self) -> list[AuditEntry]:
        """Return the audit, the oldest entry first."""
        with self._lock, _database_errors():
            return _entries(self._database)

    def _prepare(self) -> None:
        run = self._database.execute
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        # What is deleted, such as the reason why a case failed, is overwritten.
        run("PRAGMA secure_delete = ON")
        ((state,),) = run("PRAGMA quick_check(1)").fetchall()
        if state != "ok":
            raise _DamagedError(f"expected a whole register, got: {state}")
        ((schema,),) = run("PRAGMA user_version").fetchall()
        if schema > _SCHEMA:
            raise StorageError(
                f"expected a register of schema {_SCHEMA} or older, got {schema}: it was written by a newer version"
            )
        self._database.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {_SCHEMA}; COMMIT;")

    def _put(self, table: str, kind: type, values: tuple[object, ...]) -> None:
        marks = ", ".join("?" * len(values))
        how = "INSERT" if table == "audit" else "INSERT OR REPLACE"
        with self._lock, _database_errors():
            self._database.execute(f"{how} INTO {table} ({_columns(kind)}) VALUES ({marks})", values)

    def _last_entry(self) -> AuditEntry | None:
        with self._lock, _database_errors():
            found = self._database.execute(f"SELECT {_columns(AuditEntry)} FROM audit ORDER BY number DESC LIMIT 1")
            return next((AuditEntry(*row) for row in found), None)


def read_audit(path: Path) -> list[AuditEntry]:
    """Return the audit in the file of a register, which may be in use, the oldest entry first.

    Raises
    ------
    StorageError
        If there is no register, or it cannot be read.
    """
    if not path.is_file():
        raise StorageError(f"expected a register at {path}, got no such file")
    with _database_errors():
        database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5.0)
        try:
            return _entries(database)
        finally:
            database.close()


class _DamagedError(StorageError):
    """The file is no whole database."""


@contextmanager
def _database_errors() -> Iterator[None]:
    """Raise StorageError for what the database refuses: a full disk, a lock that is held, a damaged file."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StorageError(f"expected to use the register, got: {error}") from error
    except sqlite3.DatabaseError as error:
        raise _DamagedError(f"expected a whole register, got: {error}") from error


def _entries(database: sqlite3.Connection) -> list[AuditEntry]:
    found = database.execute(f"SELECT {_columns(AuditEntry)} FROM audit ORDER BY number")
    return [AuditEntry(*row) for row in found]


def _columns(kind: type) -> str:
    return ", ".join(field.name for field in fields(kind))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
