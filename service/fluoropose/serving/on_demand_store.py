"""The cases of a worker in a fleet: kept elsewhere, looked for when they are asked for, and never written by it."""

from dataclasses import dataclass, field

from fluoropose.errors import StorageError
from fluoropose.io.cases import list_cases, record_digest
from fluoropose.io.files import new_folder
from fluoropose.io.register import CaseRow
from fluoropose.io.remote_cases import RemoteCases
from fluoropose.serving.case_store import CaseStore

__all__ = ["OnDemandStore"]


@dataclass(slots=True, eq=False)
class OnDemandStore(CaseStore):
    """A shared folder of cases, or an object store with the folder `root` as a cache that several workers may share.

    Nothing is listed: a worker knows the cases that it was asked for.
    """

    read_only: str = "the cases of a fleet are written by its writer"
    _fetched: dict[str, str] = field(default_factory=dict)

    def reconcile(self) -> list[CaseRow]:
        """Return no case: each is looked for when it is asked for."""
        return []

    def names(self) -> list[str]:
        """Return the names of the cases that are kept."""
        return list_cases(self.root) if self.remote is None else self.remote.names()

    def fetch(self, name: str) -> bool:
        """Bring a case into the folder as it is kept now; return whether there is one."""
        digest = self.digest(name)
        if digest is None:
            return False
        if self.remote is not None and self._cached_digest(name) != digest:
            self._pull(self.remote, name, digest)
        self._fetched[name] = digest
        return True

    def has_changed(self, name: str) -> bool | None:
        """Return whether a case is kept in another state than it was fetched in; None if it is kept no more."""
        digest = self.digest(name)
        return None if digest is None else digest != self._fetched.get(name, digest)

    def digest(self, name: str) -> str | None:
        """Return the digest of a case's record where the cases are kept, None if there is none.

        Raises
        ------
        StorageError
            If the place itself cannot be reached: that says nothing of its cases.
        """
        if self.remote is not None:
            return self.remote.digest(name)
        if not self.root.is_dir():
            raise StorageError(f"expected the folder of cases {self.root.name}, got none: is it mounted?")
        return record_digest(self.root / name) if (self.root / name / "case.json").is_file() else None

    def _cached_digest(self, name: str) -> str | None:
        return record_digest(self.root / name) if (self.root / name / "case.json").is_file() else None

    def _pull(self, remote: RemoteCases, name: str, digest: str) -> None:
        """Copy a case into the cache in one step. Who still reads the old one reads it on: its files stay open."""
        try:
            with new_folder(self.root / name, replace=True) as part:
                remote.pull(name, part)
        except StorageError:
            # Another worker of this machine may have been quicker.
            if self._cached_digest(name) != digest:
                raise
