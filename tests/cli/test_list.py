"""`posebench list`, and shell completion, both through the real entry point."""

import json
import re
import sys
from pathlib import Path

import entry
import pytest

from posebench.plugins.registry import installed
from posebench.plugins.source import Said, said


def posebench(*arguments: str, **environment: str) -> str:
    done = entry.posebench(*arguments, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def completed(*words: str) -> list[str]:
    """What bash is offered for the last word."""
    shell = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1), "_POSEBENCH_COMPLETE": "bash_complete"}
    return [line.partition(",")[2] for line in posebench(**shell).splitlines() if line]


def test_list_shows_what_each_plugin_is_and_the_options_of_a_family_once() -> None:
    out = posebench("list")
    assert re.search(r"^  hrnet_w32 +HRNet with 32 channels at stride 4: 28\.5 M parameters", out, re.MULTILINE)
    assert re.search(r"^  flic +FLIC: PCK@0\.2 of elbows and wrists", out, re.MULTILINE)
    assert out.count("options of hourglass1 … hourglass8 after a colon (default first): stem=") == 1
    assert "posebench.architectures" not in out


def test_list_of_a_protocol_shows_conventions_splits_exports_and_headline() -> None:
    out = posebench("list", "mpii")
    assert "headline      Mean (%)" in out
    assert "train, val, test; default: val; training: train" in out
    assert re.findall(r"^  convention +([\w-]+)", out, re.MULTILINE) == [
        "official", "hrnet", "bearpaw", "mmpose", "princeton",
    ]  # fmt: skip
    assert "export        mpii-mat: MPII's evaluation server" in out


def test_list_of_an_architecture_shows_parameters_options_and_the_paper_recipe() -> None:
    out = posebench("list", "hourglass2:stem=bearpaw")
    assert "parameters    6,730,912 for 16 keypoints" in out
    assert "recipe paper  hourglass-mpii, 256×256: epochs 216, batch_size 6, optimizer rmsprop" in out
    assert "such as hourglass2:stem=bearpaw" in out


def test_list_as_json_has_modules_conventions_and_options() -> None:
    found = json.loads(posebench("list", "--json"))
    eight = next(one for one in found["architectures"] if one["name"] == "hourglass8")
    assert eight["target"] == "posebench.architectures.hourglass:hourglass8"
    assert eight["options"]["head"] == ["4", "8"]
    flic = next(one for one in found["protocols"] if one["name"] == "flic")
    assert (next(iter(flic["conventions"])), flic["headline"]) == ("observer-centric", "Wrist")


def test_an_unknown_name_is_a_sentence_with_the_nearest_one() -> None:
    done = entry.posebench("list", "mpi")
    assert done.returncode == 1
    assert "No architecture or protocol is named 'mpi'. Did you mean 'mpii'?" in done.stderr


@pytest.mark.parametrize("name", ["cpm", "cpn_resnet50", "hourglass8", "hrnet_w48", "simplebaseline_resnet50"])
def test_the_parameters_in_a_summary_are_those_of_the_network(name: str) -> None:
    (plugin,) = (one for one in installed("architecture") if one.name == name)
    printed = re.search(r"([\d.]+) M parameters for 16 keypoints", said(plugin.target).summary)
    assert printed is not None
    (facts,) = json.loads(posebench("list", name, "--json"))["architectures"]
    assert f"{facts['parameters'] / 1e6:.1f}" == printed[1]


def test_reading_a_source_imports_neither_the_module_nor_the_package_around_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outer_package").mkdir()
    (tmp_path / "outer_package" / "__init__.py").write_text("raise RuntimeError('imported')")
    (tmp_path / "outer_package" / "net.py").write_text(
        "raise RuntimeError('imported')\n"
        "OPTIONS: dict = {'head': ('4', '8')}\n"
        "def net(skeleton, variant=None):\n"
        "    '''A net.\n\n    More.'''\n"
        "def plain(skeleton):\n"
        "    '''No options.'''\n"
        "def broken("
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert said("outer_package.net:net") == Said()  # a module that does not parse says nothing
    path = tmp_path / "outer_package" / "net.py"
    path.write_text(path.read_text().removesuffix("def broken("))
    assert said("outer_package.net:net") == Said("A net.", {"head": ("4", "8")}, False)
    assert said("outer_package.net:plain") == Said("No options.")
    assert said("no_such_package.net:net") == Said()
    assert "outer_package" not in sys.modules


def test_bash_is_given_a_script_that_asks_posebench() -> None:
    assert "complete -o nosort -F _posebench_completion posebench" in posebench(_POSEBENCH_COMPLETE="bash_source")


@pytest.mark.parametrize(
    "words, offered",
    [
        (["posebench", "run", "--arch", "hrnet"], ["hrnet_w32", "hrnet_w48"]),
        (
            ["posebench", "evaluate", "--protocol", ""],
            ["coco", "crowdpose", "flic", "lsp", "mpii", "posetrack", "wholebody"],
        ),
        (["posebench", "evaluate", "--protocol", "mpii", "--convention", "h"], ["hrnet"]),
        (["posebench", "evaluate", "--protocol", "mpii", "--split", "t"], ["train", "test"]),
        (["posebench", "run", "--recipe", "p"], ["paper"]),
        (["posebench", "train", "--recipe", "hourglass-"], ["hourglass-coco", "hourglass-mpii"]),
        (["posebench", "recipe", "show", "co"], ["common"]),
        (["posebench", "list", "m"], ["mpii"]),
        (["posebench", "comp"], ["compare"]),
        (["posebench", "evaluate", "--protocol", "none", "--split", ""], []),
    ],
)
def test_the_shell_is_offered_values(words: list[str], offered: list[str]) -> None:
    assert completed(*words) == offered
