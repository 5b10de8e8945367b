"""`posebench plugin check`: every built-in plugin passes, and every check finds the fault that it is there for."""

import ast
import json
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import entry
import faulty
import pytest
import torch
from narrow import narrow

import posebench.plugin_checks
from posebench.errors import PosebenchError
from posebench.plugin_checks.runner import Finding, Proof
from posebench.plugin_checks.subject import TRIO
from posebench.plugin_checks.suite import kinds, prove
from posebench.plugins.registry import Kind, architecture, find, installed
from posebench.scoring import bootstrap


@pytest.fixture(autouse=True)
def _few_resamples() -> Iterator[None]:
    before, bootstrap.RESAMPLES = bootstrap.RESAMPLES, 2
    yield
    bootstrap.RESAMPLES = before


@pytest.fixture(scope="module")
def plugins_folder(tmp_path_factory: Any) -> Path:
    """A folder on the path from which the plugins of faulty.py count as installed."""
    return faulty.install(tmp_path_factory.mktemp("faulty"))


@pytest.fixture
def _faulty(plugins_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(plugins_folder)


def one(proof: Proof, check: str) -> Finding:
    return next(finding for finding in proof.findings if finding.check == check)


NEEDS_A_BACKBONE = "simplebaseline"
"""A name only together with what follows a colon."""


@cache
def built_in() -> list[str]:
    """Architectures of this distribution that are a whole name."""
    ours = [plugin.name for plugin in installed("architecture") if plugin.package == "posebench-2d"]
    return [name for name in ours if name != NEEDS_A_BACKBONE]


@cache
def family_heads() -> list[str]:
    """The first of every module: its smallest."""
    first: dict[str, str] = {}
    for name in built_in():
        first.setdefault(find("architecture", name).target.partition(":")[0], name)
    return list(first.values())


SMALLER = {"cpm": "cpm:stages=2"}
"""With every part of the network, at a third of its processor time."""


@pytest.fixture
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow(monkeypatch)


@pytest.mark.usefixtures("_narrow")
@pytest.mark.parametrize("name", family_heads())
def test_a_built_in_architecture_keeps_every_promise(name: str) -> None:
    proof = prove("architecture", SMALLER.get(name, name), train=name == "hourglass1")
    assert proof.failed == ()
    trained = name == "hourglass1"
    assert {f.check for f in proof.findings if f.outcome == "skipped"} == (set() if trained else {"learns"})
    assert proof.facts["unused_parameters"] == 0


def test_a_family_on_any_backbone_is_no_network_without_one() -> None:
    with pytest.raises(PosebenchError, match="after a colon"):
        architecture(NEEDS_A_BACKBONE, TRIO)


@pytest.mark.usefixtures("_narrow")
@pytest.mark.parametrize("name", [name for name in built_in() if name not in family_heads()])
def test_its_larger_sisters_build_and_have_a_recipe(name: str) -> None:
    proof = prove("architecture", name, only=("meta", "paper"))
    assert [(f.check, f.outcome) for f in proof.findings] == [(c, "passed") for c in ("builds", "meta", "paper")]


@pytest.mark.parametrize("name", [plugin.name for plugin in installed("protocol") if plugin.package == "posebench-2d"])
def test_a_built_in_protocol_keeps_every_promise(name: str) -> None:
    proof = prove("protocol", name)
    if name == "wholebody":
        assert proof.findings[2].detail.startswith("synthetic people lack some of its keypoints")
        assert {f.check for f in proof.findings if f.outcome == "skipped"} == {"truth", "falsehood", "order", "missing"}
        assert not proof.failed
    else:
        assert {f.outcome for f in proof.findings} == {"passed"}, proof.failed


@pytest.mark.usefixtures("_faulty")
@pytest.mark.parametrize(
    "kind, name",
    [("architecture", "Sound"), ("architecture", "Pair"), ("architecture", "AsideAsTold"), ("protocol", "fair")],
)
def test_a_plugin_without_a_fault_passes(kind: Kind, name: str) -> None:
    assert prove(kind, name, train=False).failed == ()


FAULTS = [
    ("CannotCount", "builds", "ZeroDivisionError: division by zero (faulty.py, line "),
    ("CannotEvenSay", "shapes", "BrokenMessage: (its message cannot be shown) (faulty.py"),
    ("Leaves", "builds", "SystemExit: goodbye (faulty.py"),
    ("Hostile", "builds", "ValueError: [bold] xxx"),
    ("HeightFirst", "builds", "Built for 17 keypoints at 64×64, it says 17 at 64×72."),
    ("ChannelsLast", "builds", "prepare: (2, 64, 64, 3) float32."),
    ("Listed", "shapes", "forward returns a list, not a tensor or a tuple of tensors."),
    ("OnlyColumns", "shapes", "unflip returns a Tensor for a tuple of 2."),
    ("Seventeen", "shapes", "RuntimeError: shape '[2, 17, 32, 16]' is invalid"),
    ("SwapsSides", "shapes", "RuntimeError: shape '[2, 3, 16, 16]' is invalid"),
    ("ChannelsOfPlaces", "shapes", "decode, keypoints: (2, 2, 17) float32."),
    ("WholePixels", "shapes", "decode, keypoints: (2, 17, 2) int64."),
    ("Unlimited", "odd sizes", "The constructor takes 70×66, but then fails: RuntimeError: The size of tensor a"),
    ("ReadsItsWeights", "meta", "On the meta device: RuntimeError: Tensor.item() cannot be called on meta tensors"),
    ("ADict", "paper", "`paper` is a dict."),
    ("OwnTargets", "paper", "The network refuses its own `paper`: OwnTargets draws targets by a rule of its own"),
    ("OtherSize", "paper", "The constructor refuses the crop size of `paper`: sound needs an input whose sides"),
    ("MeanOfNobody", "loss", "The loss is nan for a batch in which no keypoint is labelled."),
    ("SeesUnlabelled", "loss", "when unlabelled keypoints move: their coordinates mean nothing."),
    ("CountsCells", "loss", "RuntimeError: index"),
    ("ANumber", "shapes", "loss returns a float for 'loss', not a tensor."),
    ("PerPerson", "shapes", "loss returns (2,) float32 for 'each', not a scalar of floating point."),
    ("Spare", "gradients", "unused: spare.weight, spare.bias. No gradient reached them in 4 updates."),
    ("Detached", "gradients", "The loss has no gradient."),
    ("RootOfZero", "gradients", "The gradient of body.0.weight is not finite."),
    ("Dropped", "repeats", "The same images gave outputs that differ by up to "),
    ("BatchStatistics", "alone", "of the largest from those of each crop alone."),
    ("OneType", "bf16", "RuntimeError: index_add_(): self (Float) and source (BFloat16)"),
    ("Cancels", "bf16", "Under bf16 autocast, outputs are off by "),
    ("PlainList", "checkpoint", "some weights are not in state_dict()."),
    ("MadeLater", "checkpoint", "The checkpoint does not fit MadeLater: "),
    ("YThenX", "target", "The outputs that minimise the loss decode "),
    ("CornerOfCell", "target", "(-1.5, -1.4) on average, at 128×64."),
    ("SameNames", "mirror", "unflip: left and right are not exchanged."),
    ("SamePlaces", "mirror", "unflip: x is not mirrored."),
    ("Unturned", "mirror", "unflip: it changes nothing."),
    ("UpsideDown", "mirror", "unflip: keypoints come back "),
    ("Aside", "mirror", "unflip: all keypoints come back shifted by +4.0 pixels."),
    ("Louder", "mirror", "unflip twice does not restore the outputs"),
    ("Blind", "learns", "8 people cannot be memorised: at rate 0.002 in 200 steps the loss fell"),
]


RULES = [
    ("Misnamed", "identity", "its name is 'unfair', but it is installed as 'Misnamed'; version is '1.0', but should"),
    ("Lawless", "rules", "It has no conventions."),
    ("Mumbles", "rules", "The rule of half is 'half', which is not a sentence."),
    ("Anonymous", "rules", "The convention half has no source."),
    ("Headless", "truth", "The headline 'Mean' is not among the metrics of half: All."),
    ("Fractions", "truth", "The annotations themselves score 1 under half, not 100."),
    ("Generous", "falsehood", "Keypoints 10,000 pixels off score 100 under half."),
    ("InOrder", "order", "The same predictions in another order score "),
    ("NeverMissed", "missing", "With half of the people missing, the score is 100 under half."),
    ("ChokesOnMissing", "missing", "ArithmeticError: NaN at the gates (faulty.py, line "),
    ("NeedsAFile", "folder", "FileNotFoundError: "),
]


@pytest.mark.usefixtures("_faulty")
@pytest.mark.parametrize("name, check, sentence", FAULTS)
def test_a_faulty_architecture_fails_the_check_of_its_fault(name: str, check: str, sentence: str) -> None:
    proof = prove("architecture", name, only=[check])
    finding = one(proof, check)
    assert finding.outcome == "failed", finding
    assert sentence in finding.detail
    assert finding.fix.endswith((".", ")"))
    assert proof.failed == (finding,)
    assert "\n" not in finding.detail and len(finding.detail) < 700


@pytest.mark.usefixtures("_faulty")
@pytest.mark.parametrize("kind, name, faults", [("architecture", "Listed", FAULTS), ("protocol", "Lawless", RULES)])
def test_every_check_has_a_plugin_that_fails_it(kind: Kind, name: str, faults: Any) -> None:
    assert {finding.check for finding in prove(kind, name).findings} == {check for _, check, _ in faults}


@pytest.mark.usefixtures("_faulty")
def test_what_depends_on_a_failed_check_is_skipped_and_the_page_goes_on() -> None:
    proof = prove("architecture", "Listed")
    assert [f.check for f in proof.failed] == ["shapes"]
    assert one(proof, "mirror").detail == "needs 'shapes', which did not pass."
    assert one(proof, "paper").outcome == "passed"


@pytest.mark.usefixtures("_faulty")
def test_an_architecture_without_a_recipe_is_told_so_and_passes() -> None:
    finding = one(prove("architecture", "NoPaper", only=["paper"]), "paper")
    assert (finding.outcome, finding.detail[:20]) == ("skipped", "it has no `paper`, s")


@pytest.mark.usefixtures("_faulty")
def test_a_shift_that_the_docstring_tells_is_told_on() -> None:
    assert (
        "with the shift of +4.0 pixels" in one(prove("architecture", "AsideAsTold", only=["mirror"]), "mirror").detail
    )


@pytest.mark.usefixtures("_faulty")
def test_a_slow_machine_is_no_fault_of_the_network() -> None:
    finding = one(prove("architecture", "Blind", only=["learns"], seconds=0.01), "learns")
    assert finding.outcome == "skipped"
    assert finding.detail.startswith("0.01 s were not enough: in 10 steps the loss fell")


@pytest.mark.usefixtures("_faulty")
def test_findings_are_the_same_twice_and_leave_the_random_state_alone() -> None:
    torch.manual_seed(5)
    state = torch.get_rng_state()
    first, second = (prove("architecture", "Sound", only=["target", "gradients", "bf16"]) for _ in range(2))
    assert [f.detail for f in first.findings] == [f.detail for f in second.findings]
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.usefixtures("_faulty")
@pytest.mark.parametrize("name, check, sentence", RULES)
def test_a_faulty_protocol_fails_the_check_of_its_fault(
    name: str, check: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name != "Misnamed":
        monkeypatch.setattr(faulty.PROTOCOLS[name], "name", name)
    proof = prove("protocol", name, only=[check])
    assert sentence in one(proof, check).detail
    assert proof.failed == (one(proof, check),)


@pytest.mark.usefixtures("_faulty")
def test_one_name_of_two_kinds_has_two_proofs() -> None:
    assert (kinds("Fair"), kinds("mpii")) == (["architecture", "protocol"], ["protocol"])


def test_an_unknown_name_or_check_is_a_sentence() -> None:
    with pytest.raises(PosebenchError, match="No plugin is named 'hourglas1'. Did you mean 'hourglass1'"):
        kinds("hourglas1")
    with pytest.raises(PosebenchError, match="No check is named 'lears'. Did you mean 'learns'"):
        prove("architecture", "hourglass1", only=["lears"])


def command(*arguments: str, path: Path) -> subprocess.CompletedProcess[str]:
    return entry.posebench("plugin", "check", *arguments, COLUMNS="200", **faulty.variables(path))


def test_the_command_prints_a_page_and_ends_with_1_where_something_failed(plugins_folder: Path) -> None:
    done = command("SameNames", "--no-train", path=plugins_folder)
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "SameNames, architecture (faulty:build_SameNames of faulty 1.0)"
    assert "✗ mirror     unflip: left and right are not exchanged." in lines
    assert "– learns     left out by --no-train." in lines
    assert any("fix: Reorder keypoints by list(self.skeleton.flip_order)." in line for line in lines)
    assert "1,7" in lines[-2] and "0 unused" in lines[-2] and "ms per crop of 128×128" in lines[-2]
    assert lines[-1] == "FAILED: 12 passed, 1 failed, 1 skipped"


def test_the_commands_json_is_one_object_whatever_the_plugin_prints(plugins_folder: Path) -> None:
    done = command("Hostile", "--json", path=plugins_folder)
    found = json.loads(done.stdout)
    assert (done.returncode, found["name"], found["passed"]) == (1, "Hostile", False)
    (proof,) = found["proofs"]
    assert (proof["kind"], proof["passed"], proof["facts"]) == ("architecture", False, {})
    assert [f["outcome"] for f in proof["findings"]] == ["failed"] + ["skipped"] * 13
    assert proof["findings"][0].keys() == {"check", "promise", "outcome", "detail", "fix", "seconds"}


def test_every_name_that_a_fix_mentions_exists() -> None:
    folder = Path(posebench.plugin_checks.__file__).parent
    texts = [
        node.value for path in folder.glob("*.py") for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]  # fmt: skip
    names = {name for text in texts for name in re.findall(r"posebench(?:\.\w+)+", text)}
    assert "posebench.data.matching.align" in names
    for name in names:
        assert pkgutil.resolve_name(name), name


def test_checking_a_protocol_needs_no_torch(plugins_folder: Path) -> None:
    code = "import sys; from posebench.plugin_checks.suite import prove; assert not prove('protocol', 'flic').failed;"
    code += "sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
