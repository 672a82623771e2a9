"""What the documents promise is what the code has."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fluoropose.telemetry.metrics import Metrics
from fluoropose.transports.http import errors as problems

ROOT = Path(__file__).resolve().parents[1]
OPERATIONS = ROOT / "docs" / "reference" / "operations.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "models" / "README.md"]) + [
    ROOT / "deploy" / "benchmarks" / "README.md"
]
FENCED = re.compile(r"^```.*?^```$", re.M | re.S)


def test_documented_metrics_are_the_exported_ones():
    documented = set(re.findall(r"^\| `(fluoropose_\w+)`", OPERATIONS.read_text(), re.M))
    exported = set()
    for family in Metrics().registry.collect():
        if family.name.startswith("fluoropose_"):
            suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
            exported.add(family.name + suffix)
    assert documented == exported


def test_documented_problems_are_the_known_ones():
    table = (ROOT / "docs" / "reference" / "api.md").read_text().split("## Errors")[1]
    documented = {
        code for row in re.findall(r"^\| (`[^|]*) \|", table, re.M) for code in re.findall(r"`([\w-]+)`", row)
    }
    assert documented == set(problems._TABLE)


def used_in(text):
    """Names of our metrics in a text, a histogram's parts and a counter's suffix kept."""
    return set(re.findall(r"\b(?:fluoropose|process)_[a-z0-9_]+", text))


def exported_samples():
    """Every sample name that a scrape can have, labelled metrics without a value included."""
    names = set()
    for family in Metrics().registry.collect():
        suffixes = {"counter": ["_total"], "info": ["_info"], "histogram": ["_bucket", "_sum", "_count"]}
        names.update(family.name + suffix for suffix in suffixes.get(family.type, [""]))
    return names


@pytest.mark.parametrize("name", ["alerts.yaml", "dashboard.json"])
def test_rules_and_dashboard_use_exported_names_only(name):
    text = (ROOT / "deploy" / name).read_text()
    if name.endswith("json"):
        text = " ".join(target["expr"] for panel in json.loads(text)["panels"] for target in panel["targets"])
    used = used_in(text)
    assert len(used) > 5
    assert used <= exported_samples()


def test_each_alert_has_a_row_in_the_handbook():
    alerts = set(re.findall(r"alert: (\w+)", (ROOT / "deploy" / "alerts.yaml").read_text()))
    rows = set(re.findall(r"^\| (Fluoropose\w+) \|", OPERATIONS.read_text(), re.M))
    assert alerts == rows


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_finds_nothing_wrong(tmp_path):
    for command in (["check", "rules", ROOT / "deploy" / "alerts.yaml"],):
        subprocess.run(["promtool", *map(str, command)], check=True, capture_output=True)
    metrics = Metrics()
    metrics.observe_stages({"decode": 1.0, "queue": 1.0, "preprocess": 1.0, "regress": 1.0, "quality": 1.0}, "plate")
    for name, labels in (("requests", ("http", "a", "200")), ("gpu_power", ("0", "GPU-1")), ("cases_bytes", ("cpu",))):
        getattr(metrics, name).labels(*labels).inc()
    for histogram in (metrics.innovation_mm, metrics.innovation_deg, metrics.similarity, metrics.confidence):
        histogram.labels("plate").observe(0.5)
    found = subprocess.run(["promtool", "check", "metrics"], input=metrics.text(), capture_output=True)
    complaints = (found.stdout + found.stderr).decode().splitlines()
    # Millimetres are what the whole interface speaks; Prometheus would like metres.
    assert [line for line in complaints if "pose_innovation_millimeters" not in line] == []


def anchors_of(page):
    """The anchors of a page's headings, made as GitHub makes them."""
    found = []
    for heading in re.findall(r"^#+ +(.+)$", FENCED.sub("", page.read_text()), re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-")
        same = sum(known == anchor or known.startswith(f"{anchor}-") for known in found)
        found.append(f"{anchor}-{same}" if anchor in found else anchor)
    return set(found)


def relative_links(page):
    """Targets of a page's links and pictures that are neither addresses nor in code."""
    text = re.sub(r"`[^`\n]*`", "", FENCED.sub("", page.read_text()))
    return [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_and_anchor_resolves(page):
    for target in relative_links(page):
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{page.name} points to {target}, which is not there"
        assert there.is_relative_to(ROOT), f"{page.name} points to {target}, which is outside"
        if anchor:
            assert anchor in anchors_of(there), f"{page.name} points to {target}, got no such heading"


def test_anchors_are_found_where_they_are_and_nowhere_else(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Settings of `serve`\n\n## Keys and TLS\n\n```sh\n# no heading\n```\n\n## Keys and TLS\n")
    assert anchors_of(page) == {"settings-of-serve", "keys-and-tls", "keys-and-tls-1"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_line_of_prose_is_longer_than_a_screen(page):
    text = FENCED.sub("", page.read_text())
    for line in text.splitlines():
        table, picture = line.lstrip().startswith("|"), line.startswith("![")
        assert table or picture or len(line) <= 120, f"expected at most 120 characters, got {len(line)}: {line[:60]}"


def test_every_page_is_reached_from_the_index():
    start = ROOT / "docs" / "index.md"
    reached, waiting = set(), [start]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        waiting += [(page.parent / link.partition("#")[0]).resolve() for link in relative_links(page)]
    assert set((ROOT / "docs").rglob("*.md")) <= reached


def test_pages_named_in_the_code_are_there():
    for source in [*(ROOT / "service").rglob("*.py"), *(ROOT / "deploy").glob("*.yaml")]:
        for name in re.findall(r"docs/[\w/-]+\.md", source.read_text()):
            assert (ROOT / name).exists(), f"{source.relative_to(ROOT)} names {name}, which is not there"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_source_files_named_on_a_page_are_there(page):
    for name in re.findall(r"`([\w./-]+/\w+\.py)`", page.read_text()):
        places = [ROOT / name, ROOT / "service" / "fluoropose" / name, page.parent / name]
        assert any(place.exists() for place in places), f"{page.name} names {name}, which is not there"


def commands_of(command, path=()):
    """Every command that `--help` lists, with the words that call it."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
        return
    for name, one in inner.items():
        if not one.hidden:
            yield from commands_of(one, (*path, name))


def test_every_command_and_option_is_documented():
    from typer.main import get_command

    from fluoropose.cli.main import app

    page = (ROOT / "docs" / "reference" / "command-line.md").read_text()
    sections = {head: body for head, body in re.findall(r"^##+ (.+)\n((?:(?!^##).*\n?)*)", page, re.M)}
    commands = dict(commands_of(get_command(app)))
    for path, command in commands.items():
        section = sections.get(" ".join(path)) or sections.get(path[0])
        assert section is not None, f"expected a section for {' '.join(path)}, got none"
        for parameter in command.params:
            for option in (name for name in parameter.opts if name.startswith("--") and name != "--help"):
                assert f"`{option}`" in section, f"{' '.join(path)} has {option}, which its section does not name"
        own = sections.get(" ".join(path), "")
        options = {name for parameter in command.params for name in parameter.opts}
        assert set(re.findall(r"`(--[\w-]+)`", own)) <= options, f"{' '.join(path)} lacks an option of its section"


def test_no_table_of_single_trials_is_kept():
    tracked = subprocess.run(["git", "ls-files", "docs"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode != 0:
        pytest.skip("not a checkout")
    files = [ROOT / name for name in tracked.stdout.splitlines() if (ROOT / name).exists()]
    assert [path.name for path in files if path.suffix == ".csv"] == []
    assert [path.name for path in files if path.stat().st_size > 200_000] == []
    assert sum(path.stat().st_size for path in files) < 3_000_000


def test_the_readme_names_the_patent():
    assert "10,235,606" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("name", ["knee", "plate", "probe"])
def test_the_shipped_models_serve_the_shipped_objects(name, shipped_root):
    from fluoropose.inference.onnx_runtime import open_device
    from fluoropose.io.bundles import find_bundle_folder, load_bundle
    from fluoropose.io.cases import load_case
    from fluoropose.serving.case_cache import CaseCache

    case = load_case(shipped_root / name)
    CaseCache(open_device("cpu", 2)).add(case, load_bundle(find_bundle_folder(ROOT / "models", case)))
