"""The stored cases of a service: one writer per folder, a register, and cases that appear and go in one step.

A job writes into a folder of its own in `.fluoropose/staging`, which a start sweeps. When its case is whole and was
tried, the register says "publishing" with the digest of the case's record, the folder is renamed to the case's name,
and the register says "ready". A deletion says "deleting", renames the folder to an unfinished one, deletes that, and
then forgets the case. So at every moment a start can tell what is finished and what is left over.
"""

import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from fluoropose.errors import ConflictError, FluoroposeError, StorageError
from fluoropose.io.audit import SERVICE, Actor
from fluoropose.io.cases import case_folders, list_cases, record_digest, remove_case
from fluoropose.io.files import sha256_of, storage_errors, sweep_parts, sync_entry
from fluoropose.io.folder_lock import FolderLock, lock_writer
from fluoropose.io.register import CaseRow, Register
from fluoropose.io.remote_cases import RemoteCases

__all__ = ["CaseStore", "INTERRUPTED", "Job", "PRIVATE_FOLDER", "REGISTER_NAME", "ReadOnlyError"]

_log = logging.getLogger("fluoropose.register")

PRIVATE_FOLDER = ".fluoropose"
"""What the service keeps in a folder of cases beside the cases: the register, the lock, and what is being made."""

REGISTER_NAME = "register.sqlite"

_ASKED = "it was started with --read-only"

INTERRUPTED = "the service ended while the case was prepared; upload it again"


class ReadOnlyError(ConflictError):
    """The server does not write its folder of cases."""

    code = "read-only"


@dataclass(frozen=True, slots=True)
class Job:
    """A case in the making: who asked for it, and the folder that is the job's own; the case lies in `case_folder`."""

    id: str
    case: str
    folder: Path
    actor: Actor = Actor()

    @property
    def case_folder(self) -> Path:
        """Where the case is written until it is published."""
        return self.folder / self.case


@dataclass(slots=True, eq=False)
class CaseStore:
    """A folder of cases with its register.

    Made directly it has a register in memory and no lock, for a process that is alone; `open` gives a durable one.
    `read_only` says in words why nothing is written, and is empty where that is allowed. With `records_only` no more is
    copied from the `remote` store than the records of its cases, for a process that loads none of them.
    """

    root: Path
    register: Register = field(default_factory=Register)
    read_only: str = ""
    remote: RemoteCases | None = None
    records_only: bool = False
    _lock: FolderLock | None = None

    @classmethod
    def open(
        cls, root: Path, *, read_only: bool = False, remote: RemoteCases | None = None, records_only: bool = False
    ) -> "CaseStore":
        """Return the store of a folder, which this process alone may write until it closes the store.

        A folder that the disk does not let us write is served read-only. With a `remote` store the folder is its cache,
        which is written in any case.

        Raises
        ------
        ConflictError
            If another process writes the folder.
        StorageError
            If the register was written by a newer version.
        """
        if read_only and remote is None:
            return cls(root, read_only=_ASKED)
        own = root / PRIVATE_FOLDER
        try:
            with storage_errors(f"to write {root.name}"):
                own.mkdir(parents=True, exist_ok=True)
            lock = lock_writer(own / "lock", root)
        except StorageError as error:
            return cls(root, read_only=f"its folder of cases cannot be written: {error}")
        try:
            register, damaged = Register.open(own / REGISTER_NAME)
        except StorageError as error:
            lock.release()
            return cls(root, read_only=f"its register cannot be written: {error}")
        store = cls(root, register, _ASKED if read_only else "", remote, records_only, lock)
        if damaged:
            store.note(SERVICE, "replace-register", damaged)
        return store

    def close(self) -> None:
        """Close the register and let go of the folder."""
        if self._lock is not None:
            self._when_freed(lambda: self.note(SERVICE, "stop"))
        self.register.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def names(self) -> list[str]:
        """Return the names of the cases that can be loaded."""
        return [] if self.records_only else list_cases(self.root)

    def fetch(self, name: str) -> bool:
        """Bring a case into the folder that `reconcile` did not name; return whether it is there.

        Raises
        ------
        StorageError
            If what keeps the cases cannot be reached.
        """
        return False

    def require_writable(self) -> None:
        """Raise ReadOnlyError if this server does not write its cases."""
        if self.read_only:
            raise ReadOnlyError(f"expected a server that writes its cases, got one that does not: {self.read_only}")

    def note(self, actor: Actor, action: str, what: str = "", outcome: str = "") -> None:
        """Append to the audit, and tell the log the entry's hash, by which a cut audit shows."""
        entry = self.register.note(actor, action, what, outcome)
        fields = {"number": entry.number, "action": action, "digest": entry.digest}
        _log.info("audit", extra={"fields": fields})

    def new_folder(self, kind: str) -> Path:
        """Return a new folder in the staging, which is the caller's to remove with `drop_folder`.

        Raises
        ------
        ReadOnlyError, StorageError
            If this server does not write; as the disk refuses.
        """
        self.require_writable()
        return self._new_folder(kind)

    def _new_folder(self, kind: str) -> Path:
        with storage_errors("to write beside the cases"):
            self._staging.mkdir(parents=True, exist_ok=True)
            return Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=self._staging))

    def drop_folder(self, folder: Path) -> None:
        """Remove a folder of the staging, and the staging where it is the last of all that is kept there."""
        shutil.rmtree(folder, ignore_errors=True)
        if self._lock is None:
            with suppress(OSError):
                self._staging.rmdir()
                self._staging.parent.rmdir()

    def begin(self, name: str, actor: Actor) -> Job:
        """Return a job that prepares a case, once the register knows of it."""
        folder = self.new_folder("job")
        job = Job(secrets.token_hex(8), name, folder, actor)
        try:
            with self.register.change():
                self.register.put_case(CaseRow(name, "preparing", owner=actor.key, job=job.id))
                self.register.begin_job(job.id, name, actor)
                self.note(actor, "upload", name, job.id)
        except BaseException:
            self.drop_folder(folder)
            raise
        return job

    def publish(self, job: Job, detail: str) -> None:
        """Move a job's case to its place: from now on it is a finished case, whatever happens.

        Raises
        ------
        ConflictError, StorageError
            If something of its name is there; as the disk refuses. The case is then not there.
        """
        target, digest = self.root / job.case, record_digest(job.case_folder)
        row = CaseRow(job.case, "publishing", detail, job.actor.key, digest, job.id)
        if target.exists():
            raise ConflictError(f"expected a new case, got {job.case!r}, which exists")
        self.register.put_case(row)
        if self.remote is not None:
            self.remote.push(job.case_folder)
        try:
            self._put_in_place(job.case_folder)
        except StorageError:
            if self.remote is not None:
                self.remote.remove(job.case)
            raise
        self._when_freed(lambda: self._become_ready(row))
        self.drop_folder(job.folder)

    def _put_in_place(self, folder: Path) -> None:
        with storage_errors(f"to write {folder.name}"):
            os.rename(folder, self.root / folder.name)
            sync_entry(self.root)

    def discard(self, job: Job, state: str, detail: str, code: str) -> None:
        """Remove what a job left that made no case, and write why: "failed", "cancelled" or "interrupted".

        The `code` of the error goes into the audit, its text does not.
        """
        self.drop_folder(job.folder)
        with self.register.change():
            if state == "cancelled":
                self.register.forget_case(job.case)
            else:
                self.register.put_case(CaseRow(job.case, "failed", detail, job.actor.key, "", job.id))
            self.register.end_job(job.id, state)
            self.note(SERVICE, state, job.case, code)

    def remove(self, name: str, actor: Actor) -> None:
        """Delete a case. A disk that is too full for the register is freed first, and told afterwards.

        Raises
        ------
        ReadOnlyError, StorageError
            If this server does not write; as the disk refuses.
        """
        self.require_writable()
        with suppress(StorageError):
            self.register.put_case(CaseRow(name, "deleting"))
        self._remove_everywhere(name)
        with self.register.change():
            self.register.forget_case(name)
            self.note(actor, "delete", name)

    def _remove_everywhere(self, name: str) -> None:
        if self.remote is not None and not self.read_only:
            self.remote.remove(name)
        remove_case(self.root / name)

    def use_model(self, folder: Path) -> None:
        """Write into the register that a model is used; a register that cannot be written now stops no case."""
        self._when_freed(lambda: self.register.use_model(folder.name, sha256_of(folder / "manifest.json")))

    def reconcile(self) -> list[CaseRow]:
        """Bring register and folder together at a start, sweep what is left over, and return the cases that there are.

        What is "ready" is to be loaded; what is "failed" says why. One case that cannot be read stops no other.
        """
        if self._lock is None:
            return [CaseRow(name, "ready") for name in list_cases(self.root)]
        try:
            return self._reconcile()
        except StorageError as error:
            _log.error("the register could not be brought up to date", extra={"fields": {"code": error.code}})
            return [CaseRow(name, "ready") for name in list_cases(self.root)]

    def _reconcile(self) -> list[CaseRow]:
        self.note(SERVICE, "start")
        self._sweep()
        known = {row.name: row for row in self.register.cases()}
        if self.remote is not None:
            self._fill_cache(self.remote, {name for name, row in known.items() if row.state == "deleting"})
        folders = case_folders(self.root)
        for row in known.values():
            try:
                self._settle(row, row.name in folders)
            except FluoroposeError as error:
                _log.error("a case could not be settled", extra={"fields": {"case": row.name, "code": error.code}})
        for name in list_cases(self.root):
            if name not in known:
                self._adopt(name)
        return self.register.cases()

    def _fill_cache(self, remote: RemoteCases, deleting: set[str]) -> None:
        """Bring the folder to what the object store holds; where that cannot be reached, the folder stays as it is."""
        try:
            there = remote.digests()
        except StorageError as error:
            _log.error("the object store cannot be reached", extra={"fields": {"code": error.code}})
            return
        for name in list_cases(self.root):
            if there.get(name) != record_digest(self.root / name):
                remove_case(self.root / name)
        for name in sorted(set(there) - set(list_cases(self.root)) - deleting):
            folder = self._new_folder("pull")
            try:
                remote.pull(name, folder / name, records_only=self.records_only)
                self._put_in_place(folder / name)
            except StorageError as error:
                _log.error("a case could not be fetched", extra={"fields": {"case": name, "code": error.code}})
            finally:
                self.drop_folder(folder)

    def _settle(self, row: CaseRow, there: bool) -> None:
        """Bring one case of the register to where it should be after the last process ended at any moment."""
        if row.state == "deleting":
            self._remove_everywhere(row.name)
            with self.register.change():
                self.register.forget_case(row.name)
                self.note(SERVICE, "delete", row.name, "resumed")
        elif row.state == "publishing" and there and record_digest(self.root / row.name) == row.digest:
            self._become_ready(row)
        elif row.state in ("preparing", "publishing"):
            with self.register.change():
                self.register.put_case(CaseRow(row.name, "failed", INTERRUPTED, row.owner, "", row.job))
                self.register.end_job(row.job, "interrupted")
                self.note(SERVICE, "interrupted", row.name)
        elif row.state == "ready" and not there:
            with self.register.change():
                self.register.put_case(CaseRow(row.name, "failed", "its folder has gone", row.owner, "", row.job))
                self.note(SERVICE, "missing", row.name)
        elif there and (self.root / row.name / "case.json").is_file():
            digest = record_digest(self.root / row.name)
            if digest != row.digest:
                # Somebody prepared it anew while no server ran; its own digests tell whether it is whole.
                self._put_found(CaseRow(row.name, "ready", "", row.owner, digest, row.job), "changed")

    def _adopt(self, name: str) -> None:
        """Write a case into the register that somebody put into the folder."""
        try:
            self._put_found(CaseRow(name, "ready", digest=record_digest(self.root / name)), "found")
        except StorageError as error:
            self._put_found(CaseRow(name, "failed", str(error)), "found")

    def _put_found(self, row: CaseRow, action: str) -> None:
        with self.register.change():
            self.register.put_case(row)
            self.note(SERVICE, action, row.name)

    def _become_ready(self, row: CaseRow) -> None:
        with self.register.change():
            self.register.put_case(CaseRow(row.name, "ready", row.detail, row.owner, row.digest, row.job))
            self.register.end_job(row.job, "ready")
            self.note(SERVICE, "ready", row.name, row.job)

    def _when_freed(self, work: Callable[[], None]) -> None:
        """Do what follows a step that cannot be taken back; a start does it again if the disk refuses now."""
        try:
            work()
        except StorageError as error:
            _log.error("the register lags behind", extra={"fields": {"code": error.code}})

    def _sweep(self) -> None:
        """Delete what the last process left unfinished, and report how much that was."""
        left = sorted(self._staging.iterdir()) if self._staging.is_dir() else []
        for path in left:
            with suppress(OSError):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        swept = len(left) + len(sweep_parts(self.root))
        if swept:
            self.note(SERVICE, "sweep", "", f"{swept} left over")
        _log.info("swept", extra={"fields": {"left_over": swept}})

    @property
    def _staging(self) -> Path:
        return self.root / PRIVATE_FOLDER / "staging"
