"""What is not installed is named with what to install."""

import pytest

from fluoropose.errors import InputError
from fluoropose.evaluation.extras import require_extra


def test_a_missing_module_is_named():
    with pytest.raises(InputError, match="the evaluation extra for plots, got no module nosuch: pip install"):
        with require_extra("evaluate", "for plots"):
            raise ModuleNotFoundError("no", name="nosuch")


def test_other_errors_pass():
    with pytest.raises(ZeroDivisionError), require_extra("train"):
        raise ZeroDivisionError
