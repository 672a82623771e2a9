"""Every reason has its sentence, and the codes are those that the API's page lists."""

import re
from pathlib import Path

from fluoropose.registration import reasons
from fluoropose.registration.reasons import REASON_TEXTS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "api.md"


def test_every_code_has_a_sentence():
    codes = {getattr(reasons, name) for name in reasons.__all__ if name != "REASON_TEXTS"}
    assert codes == REASON_TEXTS.keys()


def test_every_code_is_explained_in_the_reference():
    page = PAGE.read_text()
    missing = [code for code in REASON_TEXTS if not re.search(rf"`{code}`", page)]
    assert not missing, f"expected every reason in docs/reference/api.md, got none of {missing}"
