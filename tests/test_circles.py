"""No modules import each other in a circle; imports inside functions and under `TYPE_CHECKING` count too."""

import ast
from pathlib import Path

import fluoropose

ROOT = Path(fluoropose.__file__).parent


def module_names():
    """Return the path of every module by its dotted name."""
    paths = {path: path.relative_to(ROOT).with_suffix("").parts for path in ROOT.rglob("*.py")}
    return {".".join(("fluoropose", *parts)).removesuffix(".__init__"): path for path, parts in paths.items()}


def imported_modules(path, known):
    """Return the modules of the package that a module imports anywhere in its text."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found & known


def circle_in(graph):
    """Return the modules of one circle in the order of their imports, [] if there is none."""
    done: set[str] = set()

    def visit(name, trail):
        if name in trail:
            return [*trail[trail.index(name) :], name]
        if name in done:
            return []
        for other in sorted(graph[name]):
            circle = visit(other, [*trail, name])
            if circle:
                return circle
        done.add(name)
        return []

    return next((circle for name in sorted(graph) if (circle := visit(name, []))), [])


def test_no_modules_import_each_other_in_a_circle():
    names = module_names()
    graph = {name: imported_modules(path, names.keys()) - {name, "fluoropose"} for name, path in names.items()}
    assert circle_in(graph) == []


def test_a_circle_would_be_found():
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
