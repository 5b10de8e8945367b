"""examples/new_architecture: installed as its tutorial says, it is listed, keeps every promise, and its commands exist."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import entry
import pytest

from posebench.cli.main import main

EXAMPLE = Path(__file__).parents[2] / "examples/new_architecture"
TUTORIAL = (EXAMPLE / "README.md").read_text()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: Any) -> Path:
    """A folder in which a copy of the example is installed, without network."""
    source = tmp_path_factory.mktemp("copied") / "mynet"
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns("*.egg-info", "build", "__pycache__"))
    target = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--disable-pip-version-check", "--target", str(target), str(source)], check=True)
    return target


def posebench(*arguments: str, path: Path) -> subprocess.CompletedProcess[str]:
    return entry.posebench(*arguments, PYTHONPATH=str(path), COLUMNS="200")


def test_the_list_has_a_line_with_its_package(installed: Path) -> None:
    listed = posebench("list", path=installed).stdout
    (line,) = [line for line in listed.splitlines() if line.split()[:1] == ["softunet"]]
    assert "softunet 1.0" in line


def test_it_keeps_every_promise_and_says_what_it_costs(installed: Path) -> None:
    done = posebench("plugin", "check", "softunet", "--json", path=installed)
    found = json.loads(done.stdout)
    (proof,) = found["proofs"]
    assert (done.returncode, found["passed"]) == (0, True), done.stdout
    assert {finding["outcome"] for finding in proof["findings"]} == {"passed"}
    assert (proof["facts"]["parameters"], proof["facts"]["unused_parameters"]) == (692_865, 0)
    explained = set(re.findall(r"`([a-z0-9 ]+)`", " ".join(re.findall(r"^\| (`.*?) \|", TUTORIAL, re.MULTILINE))))
    assert {finding["check"] for finding in proof["findings"]} == explained - {
        "forward",
        "loss",
        "decode",
        "unflip",
    } | {"loss"}


def test_its_own_tests_pass(installed: Path) -> None:
    tests = str(EXAMPLE / "tests")
    arguments = "-q", "-p", "no:cacheprovider", "-k", "mean", "-c", os.devnull, tests
    environment = os.environ | {"PYTHONPATH": str(installed)}
    done = entry.run([str(Path(pytest.__file__).with_name("__main__.py")), *arguments], EXAMPLE, environment)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_every_command_and_option_of_the_tutorial_exists() -> None:
    for line in re.findall(r"^posebench .*", TUTORIAL, re.MULTILINE):
        words = line.split()[1:]
        command = main.commands[words[0]]
        if words[0] == "plugin":
            command = command.commands[words[1]]  # type: ignore[attr-defined]
        options = {name for parameter in command.params for name in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, line
