"""A finding about a file: what is wrong or worth knowing, how bad that is, and how sure."""

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Finding", "SEVERITIES"]

SEVERITIES = ("error", "warning", "note")
"""From what makes a file unusable, over what may make a pose wrong, to what was done or left out."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    Attributes
    ----------
    code : stable, for programs
    severity : one of `SEVERITIES`
    text : for people, with the figures
    certainty : how sure it is, 0 to 1; 1 where the file says it
    """

    code: str
    severity: str
    text: str
    certainty: float = 1.0

    def record(self) -> dict[str, Any]:
        """Return it as a dict of JSON values."""
        return asdict(self)
