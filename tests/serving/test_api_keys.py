"""API keys: kept as hashes, checked, rotated while the service runs."""

import json
import stat
import time

import pytest

from fluoropose.errors import ForbiddenError, InputError, UnauthenticatedError
from fluoropose.serving.api_keys import KeyRing, add_key, remove_key


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys.json"


def test_a_key_opens_what_its_scopes_say_and_nothing_else(path):
    token = add_key(path, "console-1", ["infer", "metrics"])
    ring = KeyRing(path)
    assert ring.check(token, "infer") == ring.check(token, "metrics") == "console-1"
    with pytest.raises(ForbiddenError, match="allows 'manage'"):
        ring.check(token, "manage")


def test_the_file_holds_no_token_and_only_its_owner_reads_it(path):
    token = add_key(path, "console-1", ["infer"])
    assert token not in path.read_text()
    assert token.split("_")[2] not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("change", [lambda t: "", lambda t: t[:-1] + "x", lambda t: t[3:], lambda t: "fp_nobody_00"])
def test_what_is_not_a_key_is_refused(path, change):
    token = add_key(path, "console-1", ["infer"])
    with pytest.raises(UnauthenticatedError) as refused:
        KeyRing(path).check(change(token), "infer")
    assert refused.value.reason == ("unknown" if change(token) else "missing")


def test_a_key_expires(path):
    token = add_key(path, "console-1", ["infer"], days=1)
    assert KeyRing(path).check(token, "infer") == "console-1"
    record = json.loads(path.read_text())
    record["keys"][0]["expires"] = "2020-01-01T00:00:00+00:00"
    path.write_text(json.dumps(record))
    with pytest.raises(UnauthenticatedError, match="has expired"):
        KeyRing(path).check(token, "infer")


def test_keys_are_rotated_without_a_restart(path):
    old = add_key(path, "old", ["infer"])
    ring = KeyRing(path, look_again_s=0.0)
    new = add_key(path, "new", ["infer"])
    assert ring.check(new, "infer") == "new"
    remove_key(path, "old")
    with pytest.raises(UnauthenticatedError):
        ring.check(old, "infer")
    time.sleep(0.01)
    path.write_text("torn")
    assert ring.check(new, "infer") == "new"


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (lambda path: add_key(path, "Big Name", ["infer"]), "lower-case"),
        (lambda path: add_key(path, "a", ["everything"]), "got everything"),
        (lambda path: add_key(path, "a", []), "got none"),
        (lambda path: (add_key(path, "a", ["infer"]), add_key(path, "a", ["infer"])), "has a key"),
        (lambda path: (add_key(path, "a", ["infer"]), remove_key(path, "b")), "expected a key of: a"),
        (lambda path: KeyRing(path), "expected a file of keys"),
        (lambda path: (path.write_text('{"keys": [{"id": "a"}]}'), KeyRing(path)), "expected a file of keys"),
        (lambda path: (path.write_text("[]"), KeyRing(path)), "expected a file of keys"),
    ],
)
def test_mistakes_are_named(path, work, words):
    with pytest.raises(InputError, match=words):
        work(path)
