"""The house: imports go downward only, and help comes without torch."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import ganedit

PACKAGE = Path(ganedit.__file__).parent
FLOORS = {
    "errors": 0, "options": 0, "image": 0, "runtime": 0, "line_kinds": 0, "colors": 0,
    "nets": 1, "losses": 1, "data": 1, "tiling": 1, "masking": 1, "metrics": 1, "scores": 1,
    "scene": 1, "lines": 1,
    "task": 2, "video": 2,
    "weights": 3, "manifest": 3, "training": 3, "editing": 3, "blending": 3, "grain": 3,
    "tasks": 4,
    "runs": 5,
    "app": 6, "web": 6, "__init__": 6, "__main__": 6,
}  # fmt: skip


def imports() -> Iterator[tuple[str, str]]:
    """(importing, imported) module inside ganedit, imports inside functions included."""
    for path in PACKAGE.rglob("*.py"):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: a relative import hides where it leads"
                found = [node.module or ""]
                if node.module == "ganedit":
                    found = [f"ganedit.{alias.name}" for alias in node.names]
            else:
                continue
            for module in found:
                if module.startswith("ganedit.") and module != "ganedit.__version__":
                    yield name, module.removeprefix("ganedit.")


IMPORTS = sorted(set(imports()))


def room(module: str) -> str:
    return module.split(".")[0]


def test_every_room_has_a_floor() -> None:
    rooms = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py"}
    rooms |= {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms == FLOORS.keys()
    assert len(IMPORTS) > 50, "the parser finds the imports"


def test_imports_go_downward() -> None:
    upward = [
        f"{importing} imports {imported}"
        for importing, imported in IMPORTS
        if FLOORS[room(importing)] < FLOORS[room(imported)]
    ]
    assert not upward


def test_rooms_do_not_import_each_other_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for importing, imported in IMPORTS:
        if room(importing) != room(imported) and not importing.startswith("__"):
            graph.setdefault(room(importing), set()).add(room(imported))
    list(TopologicalSorter(graph).static_order())  # raises CycleError


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    modules = {
        ".".join(p.relative_to(PACKAGE).with_suffix("").parts) for p in PACKAGE.rglob("*.py")
    }
    graph: dict[str, set[str]] = {}
    for importing, imported in IMPORTS:
        target = imported if imported in modules else f"{imported}.__init__"
        if target in modules and importing != target and not importing.startswith("__"):
            graph.setdefault(importing, set()).add(target)
    list(TopologicalSorter(graph).static_order())  # raises CycleError


def test_tasks_do_not_import_each_other() -> None:
    tasks = [(a.split("."), b.split(".")) for a, b in IMPORTS if room(a) == room(b) == "tasks"]
    assert tasks
    assert not [(a, b) for a, b in tasks if len(a) > 2 and a[1] != b[1]]


def test_only_the_app_prints() -> None:
    below = [path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] != "app"]
    printing = [
        path
        for path in below
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("print", "input", "exit")
    ]
    assert not printing


def loaded_after(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after running some code."""
    report = "; import sys; print(*sorted({n.split('.')[0] for n in sys.modules}))"
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code + report],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(result.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("module", ["ganedit", "ganedit.image", "ganedit.tasks.upscale.options"])
def test_import_without_torch(module: str) -> None:
    loaded = loaded_after(f"import {module}")
    assert "ganedit" in loaded
    assert "torch" not in loaded


def test_help_of_every_command_without_torch() -> None:
    walk = """
import click
from click.testing import CliRunner
from ganedit.app.commands import make_cli
cli = make_cli()

def visit(command, path):
    result = CliRunner().invoke(cli, [*path, "--help"])
    assert result.exit_code == 0 and result.output.startswith("Usage"), (path, result.output)
    print("/".join(path) or "ganedit", end=" ")
    for name, child in getattr(command, "commands", {}).items():
        visit(child, [*path, name])

visit(cli, [])
print()"""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", walk + "\nimport sys\nprint('torch' in sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    visited, torch_loaded = result.stdout.splitlines()
    assert {"ganedit", "upscale", "train/upscale", "evaluate/upscale"} <= set(visited.split())
    assert torch_loaded == "False"


def test_python_m_ganedit_helps_without_torch() -> None:
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "ganedit", "--help"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "upscale" in result.stdout
    loaded = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "ganedit.app.commands" in loaded
    assert "torch" not in loaded


def test_public_names_are_what_init_promises() -> None:
    assert set(dir(ganedit)) == set(ganedit.__all__)
    for name in ganedit.__all__:
        assert getattr(ganedit, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'downscale'"):
        _ = ganedit.downscale
