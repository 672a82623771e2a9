"""The console's page: made of this installation's files, without inline code, there where it is asked for."""

import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fluoropose.serving.api_keys import KeyRing, add_key
from support.serving import http_client

SOURCES = Path(__file__).resolve().parents[3] / "service" / "console"
BUILT = Path(__file__).resolve().parents[3] / "service" / "fluoropose" / "console_page"


@pytest.fixture
def console(parts):
    with http_client(parts, console=True) as client:
        yield client


def test_the_page_loads_nothing_from_elsewhere_and_has_no_inline_code(console):
    page = console.get("/")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert not re.search(r"https?://|<style|style=|\son\w+=|<script>", page.text)
    loaded = [one for one in re.findall(r'(?:src|href)="([^"]+)"', page.text) if not one.startswith("data:")]
    assert sorted(loaded) == ["console/console.css", "console/console.js"]
    for address in loaded:
        asset = console.get(f"/{address}")
        assert asset.status_code == 200
        assert asset.headers["x-content-type-options"] == "nosniff"
        assert "url(" not in asset.text and "@import" not in asset.text
    assert console.head("/").status_code == 200
    assert console.get("/console/other.js").status_code == 404
    assert console.get("/console/../app.py").status_code == 404
    assert "/" not in console.get("/openapi.json").json()["paths"]


def test_no_address_outside_the_service_is_in_the_page():
    """What looks like one is in a comment or names a format."""
    for path in BUILT.glob("*.js"):
        bare = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        assert set(re.findall(r"https?://[\w.]+", bare)) <= {"http://www.w3.org"}, path.name


def test_it_is_small():
    """All of it, and what a browser loads before it shows anything."""
    sizes = {path.name: len(gzip.compress(path.read_bytes())) for path in BUILT.iterdir()}
    assert sum(sizes.values()) < 400_000
    assert sizes["index.html"] + sizes["console.js"] + sizes["console.css"] < 100_000


def test_the_part_in_three_dimensions_is_served_as_a_module_of_its_own(console):
    answer = console.get("/console/space.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "Copyright 2010-2024 three.js authors" in answer.text


def test_it_is_not_there_unless_asked_for(client):
    assert client.get("/").status_code == 404
    assert client.get("/console/console.js").status_code == 404


def test_where_there_are_keys_the_page_is_open_and_nothing_else(parts, tmp_path):
    add_key(tmp_path / "keys.json", "console", ["infer"])
    with http_client(parts, KeyRing(tmp_path / "keys.json"), console=True) as client:
        assert client.get("/").status_code == client.get("/console/console.js").status_code == 200
        assert client.get("/v1/sessions").status_code == client.post("/").status_code == 401


def test_the_files_that_ship_are_those_of_the_sources(tmp_path):
    """Built again from the lock file's packages, where they are installed; .ci/run installs them."""
    if shutil.which("node") is None or not (SOURCES / "node_modules").is_dir():
        pytest.skip("node, or the console's packages, are not here: `npm ci` in service/console")
    subprocess.run(["node", "build.mjs", tmp_path], cwd=SOURCES, check=True, timeout=120)
    for path in BUILT.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), f"expected `npm run build` after {path.name}"


def test_every_text_of_the_page_is_in_its_table():
    """A text that is written elsewhere cannot be translated; classes, names and keys are no texts."""
    for path in (SOURCES / "src").glob("*.ts"):
        if path.name == "texts.ts":
            continue
        for line in path.read_text().splitlines():
            code = line.split("//")[0]
            shown = re.findall(r'(?:textContent = |say\(|note\(|title: )"([A-Za-z][^"]+)"', code)
            assert shown == [], f"{path.name}: {shown}"
    packages = json.loads((SOURCES / "package.json").read_text())
    assert list(packages["dependencies"]) == ["three", "uplot"]
