"""Plugins: a stranger's installed package works as the built-in ones do, and its faults stay its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import entry
import pytest

from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.plugins.registry import architecture, find, installed, protocol

HERE = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: Any) -> Path:
    """A folder in which the package of tests/stranger is installed, as pip would for anyone."""
    source = tmp_path_factory.mktemp("source")
    for file in (HERE / "stranger").iterdir():
        if file.is_file():
            (source / file.name).write_bytes(file.read_bytes())
    target = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--disable-pip-version-check", "--target", str(target), str(source)], check=True)
    return target


def posebench(*arguments: str, path: Path) -> subprocess.CompletedProcess[str]:
    """The command line in a process that sees the packages in `path`."""
    return entry.posebench(*arguments, people=20, PYTHONPATH=str(path), COLUMNS="200")


def test_the_built_in_ones_come_through_entry_points() -> None:
    names = [plugin.name for plugin in installed("architecture") if plugin.package == "posebench-2d"]
    assert names == [
        "cpm", "cpn_resnet50", *(f"hourglass{i}" for i in range(1, 9)), "hrnet_w32", "hrnet_w48", "simplebaseline",
        *(f"simplebaseline_resnet{i}" for i in (50, 101, 152)),
    ]  # fmt: skip
    protocols = {plugin.name for plugin in installed("protocol") if plugin.package == "posebench-2d"}
    assert protocols == {"coco", "crowdpose", "flic", "lsp", "mpii", "posetrack", "wholebody"}


def test_a_stranger_is_listed_with_package_and_version(stranger: Path) -> None:
    listed = json.loads(posebench("list", "--json", path=stranger).stdout)
    mine = [entry for entry in listed["architectures"] if entry["package"] == "stranger"]
    assert [entry["name"] for entry in mine] == ["broken", "impostor", "tiny"]
    assert mine[2] == {
        "name": "tiny", "package": "stranger", "version": "3.2.1", "target": "stranger:tiny",
        "summary": "The entry point.", "options": {},
    }  # fmt: skip
    assert "corners" in posebench("list", path=stranger).stdout


def test_a_strangers_architecture_runs_on_a_strangers_protocol(stranger: Path, tmp_path: Path) -> None:
    arguments = ("--arch", "tiny", "--protocol", "corners", "--recipe", "paper", "--limit", "16", "--workers", "0")
    done = posebench("run", *arguments, "--results", str(tmp_path), path=stranger)
    assert done.returncode == 0, done.stderr
    record = json.loads(next((tmp_path / "records").iterdir()).read_text())
    assert (record["rule"]["version"], record["model"]["arch"], record["data"]["people"]) == (4, "tiny", 20)
    assert 0 <= record["metrics"]["Both"] <= 100


@pytest.mark.parametrize(
    "arch, sentence",
    [
        (
            "broken",
            "stranger_broken:nothing of stranger 3.2.1) is broken: RuntimeError: needs a library that nobody has",
        ),
        ("impostor", "returned a str, not a posebench Architecture"),
        (
            "tiyn",
            "No architecture is named 'tiyn'. Did you mean 'tiny'? Installed: broken, cpm, cpn_resnet50, hourglass1",
        ),
        ("TINY", "No architecture is named 'TINY'. Did you mean 'tiny'?"),
    ],
)
def test_a_fault_is_a_sentence_that_names_the_package(arch: str, sentence: str, stranger: Path, tmp_path: Path) -> None:
    done = posebench("run", "--arch", arch, "--protocol", "mpii", "--results", str(tmp_path), path=stranger)
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 1


def install_twin(folder: Path, name: str) -> None:
    twin = folder / "twin-1.0.dist-info"
    twin.mkdir()
    (twin / "METADATA").write_text("Metadata-Version: 2.1\nName: twin\nVersion: 1.0\n")
    (twin / "entry_points.txt").write_text(f"[posebench.architectures]\n{name} = twin:x\n")


def test_two_packages_of_one_name_are_an_error_that_names_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_twin(tmp_path, "hourglass1")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PosebenchError, match="Two packages offer the architecture 'hourglass1': posebench-2d and twin"):
        find("architecture", "hourglass1")
    assert find("architecture", "hourglass2").package == "posebench-2d"


def test_what_is_installed_into_a_known_folder_is_found_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    os.utime(tmp_path, (1, 1))  # long ago: not in the same tick of the clock
    with pytest.raises(PosebenchError, match="No architecture is named 'newcomer'"):
        find("architecture", "newcomer")
    install_twin(tmp_path, "newcomer")
    assert find("architecture", "newcomer").origin == "twin:x of twin 1.0"


def test_listing_imports_no_plugin() -> None:
    code = "import sys; from posebench.plugins.registry import installed; installed('architecture'); installed('protocol');"
    code += "sys.exit('posebench.architectures' in sys.modules or 'posebench.protocols' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_looking_one_up_imports_that_one_alone() -> None:
    code = "import sys; from posebench.plugins.registry import protocol; protocol('flic');"
    code += "sys.exit('posebench.protocols.mpii' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_network_knows_the_name_it_was_built_by() -> None:
    assert architecture("hourglass1", Skeleton(keypoints=("nose", "chin")), (64, 64)).name == "hourglass1"


def test_an_unknown_protocol_is_a_sentence() -> None:
    with pytest.raises(PosebenchError, match="No protocol is named 'mpi'. Did you mean 'mpii'"):
        protocol("mpi")


def test_what_stands_after_a_colon_is_the_plugins_own() -> None:
    model = architecture("hourglass2:supervise=last", Skeleton(keypoints=("nose", "chin")), (64, 64))
    assert model.name == "hourglass2:supervise=last"
    assert find("architecture", "hourglass2:supervise=last").name == "hourglass2"


def test_a_plugin_without_variants_says_so() -> None:
    with pytest.raises(PosebenchError, match="'simplebaseline_resnet50' has no variants"):
        architecture("simplebaseline_resnet50:x", Skeleton(keypoints=("nose", "chin")))
