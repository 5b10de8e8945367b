"""The recipes that ship with posebench: TOML files in the folder `recipes`. Light, since completion imports it."""

import re
from pathlib import Path

from posebench.errors import PosebenchError, unknown

FOLDER = Path(__file__).parents[1] / "recipes"
PAPER = "paper"
"""The name under which `--recipe` finds an architecture's own recipe; no file has it."""
LONGEST_NAME = 64


def shipped_names() -> list[str]:
    """Names of the shipped recipes, in alphabetical order."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def shipped_file(name: str) -> Path:
    """The file of a shipped recipe.

    Raises:
        PosebenchError: none has that name; suggests the nearest.
    """
    names = shipped_names()
    if name == PAPER:
        papers = ", ".join(one for one in names if "-" in one)
        raise PosebenchError(
            f"Which recipe is {PAPER!r} depends on the architecture and the dataset. Name it: {papers}."
        )
    if name not in names:
        raise unknown("recipe", name, names)
    return FOLDER / f"{name}.toml"


def summary(name: str) -> str:
    """What a shipped recipe is: the first line of its file."""
    return shipped_file(name).read_text("utf-8").partition("\n")[0].removeprefix("# ")


def copied(name: str, new_name: str) -> str:
    """The text of a shipped recipe under another name, so that a record does not call an edited recipe by the shipped one's.

    Raises:
        PosebenchError: none has that name, or the new name is not one of a recipe.
    """
    problem = name_problem(new_name)
    if problem:
        raise PosebenchError(f"A recipe cannot be named {new_name!r}: its name {problem}.")
    text = shipped_file(name).read_text("utf-8")
    return text.replace(f'name = "{name}"', f'name = "{new_name}"', 1)


def name_problem(name: str) -> str:
    """Why a recipe cannot have a name; empty where it can. Folders and files of a run are named by it."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) and len(name) <= LONGEST_NAME:
        return ""
    return (
        f"should be at most {LONGEST_NAME} letters, digits, dots, hyphens and underscores, since files are named by it"
    )
