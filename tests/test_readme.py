"""README and the pages in docs/: their examples run, their commands and options exist, their links lead somewhere."""

import ast
import inspect
import re
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import torch
from narrow import narrow

import posebench as pb
from posebench.cli.main import main
from posebench.inference.predict import predict
from posebench.plugins.recipe import QUICK
from posebench.plugins.registry import protocol
from posebench.synthetic import people as synthetic
from posebench.tasks.scoring.compare import Comparison
from posebench.training.loop import train

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGES = ["README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of that language on a page, in their order; `""` for those of none."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)
    return [text for named, text in fenced if named == language]


def uses() -> list[tuple[str, str]]:
    """Shell command and Python call of every row of README's tables of uses; one of them may be empty."""
    section = README[README.index("## Use") : README.index("## Speed")]
    rows = re.findall(r"^\| [^|]+ \|([^|]*)\|([^|]*)\|$", section, re.MULTILINE)
    return [(shell.strip().strip("`"), python.strip().strip("`")) for shell, python in rows]


def shell_lines(page: str) -> list[str]:
    """The arguments of every `posebench …` on a line of a code block of a page, without comments."""
    lines = re.findall(r"^(?:\$ )?posebench (.*)", "\n".join(blocks(page, "")), re.MULTILINE)
    return [re.split(r"\s#", line)[0].strip() for line in lines]


def check_command(line: str) -> None:
    """Fail unless the command and each of its options exist."""
    command: click.Command = main
    words = re.findall(r'"[^"]*"|\S+', line)
    while isinstance(command, click.Group):
        if words[0] not in command.commands and hasattr(command, "default"):  # `study FILE` is `study run FILE`
            words.insert(0, command.default)
        assert words[0] in command.commands, line
        command = command.commands[words.pop(0)]
    options = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options, line


def anchor(heading: str) -> str:
    """The anchor that a Markdown heading gets on the hosting site."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_every_row_of_the_tables_of_uses_is_read() -> None:
    section = README[README.index("## Use") : README.index("## Speed")]
    rows = [line for line in section.splitlines() if line.startswith("|") and not line.startswith(("| |", "|--"))]
    assert len(rows) >= 20
    assert len(uses()) == len(rows)


@pytest.mark.parametrize("line", [shell for shell, _ in uses() if shell])
def test_every_command_of_the_tables_exists(line: str) -> None:
    check_command(line)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_exists(page: str) -> None:
    for line in shell_lines(page):
        check_command(line)


def test_every_command_is_in_a_table_of_uses_or_on_a_page() -> None:
    lines = [shell for shell, _ in uses()] + [line for page in PAGES for line in shell_lines(page)]
    assert {line.split()[0] for line in lines if line} == set(main.commands)


@pytest.mark.parametrize("call", [python for _, python in uses() if python])
def test_every_call_of_the_tables_fits_its_function(call: str) -> None:
    node = ast.parse(call, mode="eval").body
    assert isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    if isinstance(node.func.value, ast.Call):  # a method of what `compare` returns
        assert inspect.signature(getattr(Comparison, node.func.attr)).bind(None, *node.args)
        node = node.func.value
        assert isinstance(node.func, ast.Attribute) and node.func.attr == "compare"
    names = {str(keyword.arg): None for keyword in node.keywords}
    inspect.signature(getattr(pb, node.func.attr)).bind(*node.args, **names)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page != "docs/plugins.md" and blocks(page, "python")]
)  # docs/plugins.md has a module, which other tests use
def test_the_python_examples_run_and_their_numbers_are_true(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = blocks(page, "python")
    names: dict[str, Any] = {}
    numbers = re.findall(r"^(\S.*?)  # ([\d(][\d., )]*)$", code, re.MULTILINE)
    if not numbers:  # a page without numbers is true of any number of people, and of narrow networks
        monkeypatch.setattr("posebench.tasks.people.SYNTHETIC_TO_SCORE", 9)
        narrow(monkeypatch)
    exec(code, names)  # noqa: S102 - the page's own text
    for expression, shown in numbers:
        assert str(rounded(eval(expression, names))) == shown  # noqa: S307 - the page's own text


def rounded(value: Any) -> Any:
    return tuple(round(part, 2) for part in value) if isinstance(value, tuple) else round(value, 2)


def test_the_readme_shows_two_numbers() -> None:
    assert re.findall(r"  # ([\d(][\d., )]*)$", README, re.MULTILINE) == ["86.19", "(85.05, 87.27)"]


def test_the_architecture_of_the_page_learns_and_is_mirrored_back(tmp_path: Path) -> None:
    (code,) = blocks("docs/plugins.md", "python")
    module: dict[str, Any] = {}
    exec(code, module)  # noqa: S102 - the page's own text
    people = synthetic.instances(protocol("mpii").skeleton, "train", 32)
    torch.manual_seed(0)
    model = module["mynet"](people.skeleton)
    recipe = QUICK.model_copy(update={"input_size": (128, 128), "epochs": 4})
    history = train(model, people, recipe, 0, tmp_path / "x.pt").history
    assert history[-1]["loss"] < history[0]["loss"]
    assert predict(model, people)[0].keypoints.shape == (32, 16, 2)
    outputs = torch.rand(2, 16, 2)
    there, _ = model.decode(model.unflip(outputs))
    here, _ = model.decode(outputs)
    torch.testing.assert_close(there[:, 0, 0], 127 - here[:, 5, 0])  # right ankle for left ankle, from the other edge


def test_the_package_of_the_page_names_its_entry_point() -> None:
    (text,) = blocks("docs/plugins.md", "toml")
    assert tomllib.loads(text)["project"]["entry-points"]["posebench.architectures"] == {"mynet": "mynet:mynet"}


def test_the_recipe_of_the_page_is_one() -> None:
    (text,) = blocks("docs/training.md", "toml")
    assert pb.Recipe.model_validate(tomllib.loads(text)).name == "mine"


def test_the_dataset_of_the_page_can_be_read(tmp_path: Path) -> None:
    (text,) = blocks("docs/data.md", "toml")
    (tmp_path / "crowd.toml").write_text(text)
    crowd = protocol(f"coco:{tmp_path / 'crowd.toml'}")
    assert (crowd.name, len(crowd.skeleton), crowd.splits) == ("coco:crowdpose", 14, ("train", "val"))
    assert f"`{crowd.described.label}`" in (ROOT / "docs/data.md").read_text()  # the digest that it names


@pytest.mark.parametrize("page", ["docs/scoring.md", "docs/protocols.md"])
def test_every_convention_is_named_by_the_pages(page: str) -> None:
    for name in ("mpii", "flic", "coco", "lsp", "crowdpose", "wholebody"):
        for convention in protocol(name).conventions:
            assert f"`{convention}`" in (ROOT / page).read_text(), convention


@pytest.mark.parametrize(
    "page", [*PAGES, "CONTRIBUTING.md", "examples/new_architecture/README.md", "examples/outside_model/README.md"]
)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    for file, place in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", (ROOT / page).read_text()):
        target = (ROOT / page).parent / file if file else ROOT / page
        assert target.exists(), f"{page}: {file}"
        if place:
            headings = re.findall(r"^#+ (.*)", target.read_text(), re.MULTILINE)
            assert place in [anchor(heading) for heading in headings], f"{page}: {file}#{place}"


def test_every_page_is_in_the_readmes_table() -> None:
    assert {page for page in PAGES if f"({page})" in README} == set(PAGES) - {"README.md"}


def test_the_study_of_the_page_is_one() -> None:
    from posebench.studies.study_file import Study, shipped_names

    page = (ROOT / "docs/studies.md").read_text()
    (text,) = blocks("docs/studies.md", "toml")
    assert Study.model_validate(tomllib.loads(text)).name == "mine"
    assert re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE) == shipped_names()
