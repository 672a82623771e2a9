"""All groups of the stress set, and which of them a command names."""

from collections.abc import Sequence

from fluoropose.errors import InputError
from fluoropose.evaluation.trust.covered_groups import COVERED_GROUPS
from fluoropose.evaluation.trust.faulty_groups import FAULTY_GROUPS
from fluoropose.evaluation.trust.runs import TrustGroup
from fluoropose.evaluation.trust.usual_groups import USUAL_GROUPS

__all__ = ["GROUPS", "choose_groups"]

GROUPS: tuple[TrustGroup, ...] = (*USUAL_GROUPS, *COVERED_GROUPS, *FAULTY_GROUPS)


def choose_groups(names: Sequence[str]) -> tuple[TrustGroup, ...]:
    """Return the groups of these names, of groups or of families; all without a name.

    Raises
    ------
    InputError
        If neither a group nor a family has one of the names.
    """
    known = {group.name for group in GROUPS} | {group.family for group in GROUPS}
    for name in names:
        if name not in known:
            families = sorted({group.family for group in GROUPS})
            listed = ", ".join([*(group.name for group in GROUPS), *families])
            raise InputError(f"expected groups or families of {listed}; got {name!r}")
    return tuple(group for group in GROUPS if not names or group.name in names or group.family in names)
