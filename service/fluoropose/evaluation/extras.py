"""Parts of the measuring that need an extra of the package: one message where it is not installed."""

from collections.abc import Iterator
from contextlib import contextmanager

from fluoropose.errors import InputError

__all__ = ["require_extra"]

_TITLES = {"train": "training", "evaluate": "evaluation"}


@contextmanager
def require_extra(extra: str, purpose: str = "") -> Iterator[None]:
    """Run imports that need the extra `train` or `evaluate`; `purpose` completes the message, as "for plots".

    Raises
    ------
    InputError
        If a module of the extra is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        wanted = " ".join(part for part in (f"the {_TITLES[extra]} extra", purpose) if part)
        raise InputError(f"expected {wanted}, got no module {error.name}: pip install 'fluoropose[{extra}]'") from error
