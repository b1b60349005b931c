"""`./run` as a newcomer meets it: it sets itself up once, says what is missing, and hands over."""

import ast
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.marketplace.run_script import ROOT, load_run

REQUIREMENT_FILES = [
    *("requirements.txt", "requirements-dev.txt", "requirements-dl.txt"),
    *("requirements-node.txt", "requirements-cbpro.txt"),
]


@pytest.fixture
def run(tmp_path, monkeypatch) -> ModuleType:
    """The script in a checkout of its own; what it would install is only noted, in `run.installed`."""
    for name in [*REQUIREMENT_FILES, "package.json", "package-lock.json"]:
        (tmp_path / name).write_text(f"# {name}\n")
    script = load_run(tmp_path)
    script.installed = []
    monkeypatch.setattr(script, "install", script.installed.append)
    monkeypatch.setattr(script, "call", lambda command: fake_call(script, command))
    monkeypatch.setenv("PATH", os.defpath)  # whatever else this machine has, no uv
    for name in ("DATA_DIR", "PYTHONDONTWRITEBYTECODE"):  # the script changes them; afterwards they are as before
        monkeypatch.setenv(name, "1")
    return script


def fake_call(script: ModuleType, command: list[str]) -> None:
    """Leaves behind what the real steps leave behind."""
    if "venv" in command:
        script.installed.append("new venv")
        (script.VENV / "bin").mkdir(parents=True, exist_ok=True)
        script.PYTHON.touch()
        for stamp in script.VENV.glob(".[su]*"):  # --clear
            stamp.unlink()
    if "ci" in command:
        script.installed.append("npm ci")
        script.NODE_MODULES.mkdir(exist_ok=True)


PRODUCTION_FILES = ["requirements.txt"]
DEVELOPMENT_FILES = ["requirements.txt", "requirements-dev.txt"]
ALONE = ["--no-deps", "requirements-cbpro.txt"]


def test_the_second_start_installs_nothing(run):
    run.set_up(run.PRODUCTION, frontend=True)
    assert run.installed == ["new venv", PRODUCTION_FILES, ALONE, "npm ci"]
    run.set_up(run.PRODUCTION, frontend=True)
    assert len(run.installed) == 4


@pytest.mark.parametrize(
    ("changed", "again"),
    [
        ("requirements.txt", PRODUCTION_FILES),
        ("requirements-cbpro.txt", ALONE),
        ("package-lock.json", "npm ci"),
    ],
)
def test_what_has_changed_is_installed_again_and_nothing_else(run, tmp_path, changed, again):
    run.set_up(run.PRODUCTION, frontend=True)
    run.installed.clear()
    (tmp_path / changed).write_text("# newer\n")
    run.set_up(run.PRODUCTION, frontend=True)
    assert run.installed == [again]


def test_development_tools_come_with_the_first_command_that_needs_them(run, tmp_path):
    run.set_up(run.PRODUCTION)
    assert DEVELOPMENT_FILES not in run.installed
    run.set_up(run.DEVELOPMENT)
    assert run.installed == ["new venv", PRODUCTION_FILES, ALONE, DEVELOPMENT_FILES]
    (tmp_path / "requirements-dev.txt").write_text("# newer\n")
    run.set_up(run.PRODUCTION)
    assert len(run.installed) == 4


def test_the_one_exchange_whose_library_cannot_be_had_stops_nothing(run, monkeypatch, capsys):
    def install(files: list[str]) -> None:
        if files == ALONE:
            raise run.RunError("No such package.")

    monkeypatch.setattr(run, "install", install)
    run.set_up(run.PRODUCTION)
    said = capsys.readouterr().out
    assert "No such package. Going on without the exchange COINBASE_EXCHANGE" in said
    assert "pip install --no-deps -r requirements-cbpro.txt" in said
    assert run.python_is_current(run.PRODUCTION)


def test_deep_learning_comes_only_when_it_is_asked_for(run):
    files = ["requirements.txt", "requirements-dl.txt"]
    run.run_setup(["--python-only"])
    run.set_up(run.DEVELOPMENT)
    assert files not in run.installed
    run.run_setup(["--python-only", "--deep-learning"])
    assert run.installed[-1] == files
    count = len(run.installed)
    run.run_setup(["--deep-learning", "--python-only"])
    assert len(run.installed) == count


@pytest.mark.parametrize(
    ("command", "group"),
    [
        *((name, "PRODUCTION") for name in ("demo", "web", "worker", "beat", "simulator", "manage")),
        *((name, "DEVELOPMENT") for name in ("test", "bench")),
    ],
)
def test_only_commands_for_developers_need_development_tools(run, monkeypatch, command, group):
    asked = []
    monkeypatch.setattr(run, "set_up", lambda wanted, frontend=False: asked.append(wanted))
    monkeypatch.setattr(run, "become", lambda *arguments, **environment: None)
    monkeypatch.chdir(run.ROOT)
    run.main([command])
    assert asked == [getattr(run, group)]


def test_after_an_installation_that_broke_off_the_next_start_begins_with_a_new_venv(run, monkeypatch):
    def broken(files: list[str]) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run, "install", broken)
        with pytest.raises(KeyboardInterrupt):
            run.set_up(run.PRODUCTION)
    run.installed.clear()
    run.set_up(run.PRODUCTION)
    run.set_up(run.PRODUCTION)
    assert run.installed == ["new venv", PRODUCTION_FILES, ALONE]


def test_a_venv_whose_python_is_gone_is_made_anew(run):
    run.set_up(run.PRODUCTION)
    run.PYTHON.unlink()
    run.installed.clear()
    run.set_up(run.PRODUCTION)
    assert run.installed == ["new venv", PRODUCTION_FILES, ALONE]


def test_without_npm_the_one_from_pypi_is_installed(run, monkeypatch):
    monkeypatch.setenv("PATH", "")
    run.set_up(run.PRODUCTION, frontend=True)
    assert run.installed == ["new venv", PRODUCTION_FILES, ALONE, ["requirements-node.txt"], "npm ci"]


def test_a_missing_venv_module_is_said_with_the_name_of_debians_package(run, monkeypatch):
    monkeypatch.setattr(run.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(run.RunError, match="apt install python3-venv"):
        run.set_up(run.PRODUCTION)


def test_an_old_python_is_told_so_in_one_sentence():
    as_python_39 = (
        "import sys; sys.version_info = (3, 9, 2, 'final', 0); sys.argv = ['./run', '--help'];"
        "exec(compile(open('run').read(), 'run', 'exec'), {'__name__': '__main__', '__file__': 'run'})"
    )
    ended = subprocess.run([sys.executable, "-c", as_python_39], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("This needs Python 3.11 or newer; ")
    assert "is Python 3.9" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_an_old_python_comes_as_far_as_that_sentence():
    ast.parse((ROOT / "run").read_text(), feature_version=(3, 6))


def test_lint_runs_every_check_and_names_those_that_failed(run, monkeypatch, capfd):
    checks = [("first", "print('one'); exit(1)"), ("second", "print('two')"), ("third", "exit(3)")]
    monkeypatch.setattr(run, "lint_checks", lambda: [(name, ["-c", code], {}) for name, code in checks])
    monkeypatch.setattr(run, "set_up", lambda *_: None)
    monkeypatch.setattr(run, "PYTHON", sys.executable)
    with pytest.raises(run.RunError, match=r"^Failed: first, third$"):
        run.run_lint([])
    shown = capfd.readouterr().out
    assert "one" in shown
    assert "two" in shown


def test_an_unknown_command_shows_what_there_is(run):
    with pytest.raises(run.RunError, match=r"(?s)no command 'dmeo'.*demo .*test .*lint"):
        run.main(["dmeo"])


def test_the_folder_of_the_data_is_meant_from_where_one_stands(run, monkeypatch, tmp_path):
    monkeypatch.setenv("DATA_DIR", "mine")
    monkeypatch.chdir(tmp_path.parent)
    monkeypatch.setattr(run, "set_up", lambda *_, **__: None)
    monkeypatch.setattr(run, "become", lambda *arguments, **environment: None)
    run.main(["demo"])
    assert os.environ["DATA_DIR"] == str(tmp_path.parent / "mine")


def wheel(folder: Path) -> str:
    """The smallest package that pip can install without a network."""
    name = "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(folder / name, "w") as archive:
        archive.writestr("tiny.py", "answer = 42\n")
        archive.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    return f"./{name}\n"


def test_two_starts_at_once_take_turns_and_install_once(tmp_path):
    """Everything real here: venv, pip, two processes."""
    load_run(tmp_path)
    (tmp_path / "requirements.txt").write_text(wheel(tmp_path))
    (tmp_path / "requirements-cbpro.txt").write_text("")
    environment = {**os.environ, "PATH": os.defpath, "PIP_NO_INDEX": "1"}

    def start() -> "subprocess.Popen[str]":
        command = [sys.executable, "run", "setup", "--python-only"]
        return subprocess.Popen(command, cwd=tmp_path, env=environment, text=True, stdout=subprocess.PIPE)

    both = [start(), start()]
    said = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum(text.count("Installing production packages") for text in said) == 1
    assert sum(text.count("Another ./run is setting up this checkout") for text in said) == 1
    python = tmp_path / ".venv" / "bin" / "python"
    assert subprocess.check_output([python, "-c", "import tiny; print(tiny.answer)"], text=True) == "42\n"
    assert not (tmp_path / ".venv" / ".unfinished").exists()


# --- the files that it installs from


def test_the_lock_of_the_front_end_names_no_address():
    lock = json.loads((ROOT / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert {"node_modules/htmx.org", "node_modules/lightweight-charts"} <= set(packages)
    assert all("integrity" in package and "resolved" not in package for package in packages.values())
    assert "://" not in json.dumps(packages)


def test_the_front_end_packages_are_pinned_and_from_the_chosen_lines():
    wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]
    assert re.fullmatch(r"2\.0\.\d+", wanted["htmx.org"])
    assert re.fullmatch(r"5\.\d+\.\d+", wanted["lightweight-charts"])


@pytest.mark.parametrize("name", REQUIREMENT_FILES)
def test_every_requirement_is_pinned(name):
    for line in (ROOT / name).read_text().splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            assert "==" in line, line


def versions_in(file: str) -> list[tuple[str, str]]:
    return re.findall(r"^([A-Za-z0-9_.-]+)==([^ \n]+)", (ROOT / file).read_text(), re.MULTILINE)


def names_in(file: str) -> set[str]:
    return {name for name, _ in versions_in(file)}


def test_deep_learning_does_not_ask_for_other_versions_of_what_is_there():
    others = {*versions_in("requirements.txt"), *versions_in("requirements-dev.txt")}
    names = {name for name, _ in others}
    assert {pair for pair in versions_in("requirements-dl.txt") if pair[0] in names} <= others


def test_deep_learning_brings_no_libraries_of_a_graphics_card_by_itself():
    names = names_in("requirements-dl.txt")
    assert {"torch", "keras", "onnxruntime", "safetensors", "h5py"} <= names
    assert not {name for name in names if name.startswith(("nvidia", "cuda", "triton"))}
    assert "+cpu" not in (ROOT / "requirements-dl.txt").read_text()  # the index of packages has no such version


def test_no_development_tool_is_a_production_requirement():
    wanted: Callable[[str], list[str]] = re.compile(r"^([a-z][\w-]*)", re.MULTILINE).findall
    tools = set(wanted((ROOT / "requirements-dev.in").read_text()))
    assert {"pytest", "ruff", "mypy"} <= tools
    assert not tools & names_in("requirements.txt")
