"""The wheel that people install works by itself: code, weights and the command are inside."""

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import PIL.Image
import pytest
from command_line import REPOSITORY, Outcome, run_process, save_network, write_photo

import ganedit
from ganedit import weights

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("hatchling") is None, reason="hatchling, which builds, is missing"
)


def pip(*arguments: object) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    done = subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", REPOSITORY, "--no-deps", "--no-build-isolation", "--no-index", "-w", folder)
    (path,) = folder.iterdir()
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but the installed wheel."""
    folder = tmp_path_factory.mktemp("installed")
    pip("install", wheel, "--no-deps", "--no-index", "--no-compile", "--target", folder)
    return folder


def run_installed(installed: Path, home: Path, *arguments: object) -> Outcome:
    """The command of the wheel, not of this checkout."""
    return run_process(*arguments, folder=home, PYTHONPATH=str(installed))


def test_wheel_holds_the_package_and_nothing_beside(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert wheel.name == f"ganedit-{ganedit.__version__}-py3-none-any.whl"
    tops = {name.split("/")[0] for name in names}
    assert tops == {"ganedit", f"ganedit-{ganedit.__version__}.dist-info"}
    package = REPOSITORY / "ganedit"
    sources = {f"ganedit/{path.relative_to(package).as_posix()}" for path in package.rglob("*.py")}
    assert sources <= names
    assert "ganedit/py.typed" in names
    assert not [name for name in names if "__pycache__" in name or ".part" in name]


def test_weights_are_inside(wheel: Path) -> None:
    shipped = [path for path in (REPOSITORY / "weights").iterdir() if path.is_file()]
    with zipfile.ZipFile(wheel) as archive:
        for path in shipped:
            assert archive.read(f"ganedit/_weights/{path.name}") == path.read_bytes()
    assert (REPOSITORY / "weights" / weights.MANIFEST) in shipped


def test_code_and_weights_are_the_wheel_s(installed: Path, tmp_path: Path) -> None:
    code = "import ganedit.weights as w; print(w.__file__, w.shipped_folder(), sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(installed)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == [
        str(installed / "ganedit" / "weights.py"),
        str(installed / "ganedit" / "_weights"),
    ]


def test_installed_command(installed: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [installed / "bin" / "ganedit", "--version"], cwd=tmp_path,
        env={"PYTHONPATH": str(installed)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == f"ganedit, version {ganedit.__version__}\n"


def test_installed_wheel_upscales(installed: Path, tmp_path: Path) -> None:
    write_photo(tmp_path / "a.png", 24, 16)
    own = save_network(tmp_path / "own.safetensors")
    chosen = [["--weights", own]]
    if weights.shipped():
        chosen.append([])
    for number, arguments in enumerate(chosen):
        name = f"{number}.png"
        done = run_installed(installed, tmp_path, "upscale", "a.png", "-o", name, *arguments)
        assert (done.code, done.err) == (0, "")
        with PIL.Image.open(tmp_path / name) as result:
            assert result.size == (96, 64)
