"""The container files, as far as they can be checked without an engine: they name only what exists."""

import json
import re
import shlex
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from marketplace import programs
from tests.marketplace.run_script import load_run

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker" / "compose.yml").read_text())
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text()
OURS = {name: service for name, service in COMPOSE["services"].items() if "build" in service}
# Read by Django, Python and gunicorn themselves rather than by our settings.
WELL_KNOWN = {"DJANGO_SETTINGS_MODULE", "PYTHONUNBUFFERED"}


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> ModuleType:
    return load_run(tmp_path_factory.mktemp("checkout"))


def variables_read() -> set[str]:
    """The environment variables that the settings and the programs ask for."""
    files = [*(ROOT / "marketplace" / "settings").glob("*.py"), ROOT / "marketplace" / "programs.py"]
    pattern = re.compile(r"""(?:environ\.get\(|environment\.get\(|environ\[|_required\()["']([A-Z_]+)["']""")
    return {name for file in files for name in pattern.findall(file.read_text())} | {"DATABASE_URL"}


def test_all_parts_of_the_product_are_there():
    assert set(OURS) == {"migrate", "web", "worker", "beat", "simulator"}
    assert {"postgres", "redis"} <= set(COMPOSE["services"])
    assert COMPOSE["services"]["simulator"]["profiles"] == ["simulator"]


@pytest.mark.parametrize("name", OURS)
def test_every_service_starts_a_command_of_run(run, name):
    assert OURS[name]["command"][0] in run.COMMANDS


def test_the_image_starts_run():
    entry = json.loads(re.search(r"^ENTRYPOINT (.+)$", DOCKERFILE, re.MULTILINE)[1])
    assert entry == ["./run"]


def test_the_services_of_run_are_the_programs_of_the_demo(run):
    assert set(programs.PROGRAMS) <= set(run.COMMANDS)


@pytest.mark.parametrize("name", OURS)
def test_every_variable_of_a_service_is_one_that_is_read(name):
    assert set(OURS[name]["environment"]) <= variables_read() | WELL_KNOWN


def test_every_variable_of_the_image_is_one_that_is_read():
    block = re.search(r"^ENV ((?:.*\\\n)*.*)$", DOCKERFILE, re.MULTILINE)[1]
    names = {word.partition("=")[0] for word in shlex.split(block.replace("\\\n", " "))}
    assert names <= variables_read() | WELL_KNOWN


def test_every_variable_that_compose_asks_for_stands_in_the_example():
    asked = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker" / "compose.yml").read_text()))
    offered = re.findall(r"^#?([A-Z_]+)=", (ROOT / "docker" / ".env.example").read_text(), re.MULTILINE)
    assert asked == set(offered)


def test_the_example_holds_no_secret():
    values = dict(re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / "docker" / ".env.example").read_text(), re.MULTILINE))
    secret = {"SECRET_KEY", "FIELD_ENCRYPTION_KEY", "POSTGRES_PASSWORD"}
    assert {values[name] for name in secret} == {""}


def test_every_file_that_the_image_copies_exists():
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        *sources, _ = line.split()
        for source in sources:
            assert (ROOT / source).exists(), source


def test_what_the_image_copies_is_not_ignored():
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    packages = {path.parent.name for path in ROOT.glob("[!.]*/__init__.py")} - {"tests", "benchmarks"}
    assert packages <= allowed
    copied = {word for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE) for word in line.split()}
    assert copied - {".", "./"} <= allowed


def test_development_tools_do_not_reach_the_image():
    allowed = (ROOT / ".dockerignore").read_text()
    assert "requirements-dev" not in DOCKERFILE + allowed
    assert "!tests" not in allowed


def test_the_image_does_not_run_as_root():
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE)[-1] != "root"


def test_named_volumes_are_declared():
    used: set[str] = set()
    service: dict[str, Any]
    for service in COMPOSE["services"].values():
        used |= {volume.partition(":")[0] for volume in service.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])
