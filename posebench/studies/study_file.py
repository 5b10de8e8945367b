"""Study files: a question, and the runs that answer it. TOML files; those that ship with posebench are in the folder `shipped`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from posebench.errors import PosebenchError, existing, unknown
from posebench.files.validation import read_model
from posebench.plugins.recipe import LARGEST_SIDE, FileName
from posebench.plugins.recipe_files import PAPER

SHIPPED = Path(__file__).parent / "shipped"
ENDING = ".toml"

Side = Annotated[int, Field(ge=1, le=LARGEST_SIDE)]
Seed = Annotated[int, Field(ge=0)]
Name = Annotated[str, Field(min_length=1)]
Severity = Annotated[int, Field(ge=1, le=5)]
Names = Annotated[tuple[Name, ...], Field(min_length=1)]


SMALLER = "architectures", "protocols", "recipes", "seeds", "input_sizes", "corruptions", "severities"
"""Lists that a study's small size may replace."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Settings(_Part):
    """Settings of every run, as of `posebench run`. What is not set is the recipe's."""

    epochs: int | None = Field(None, ge=0)
    batch_size: int | None = Field(None, ge=1)
    learning_rate: float | None = Field(None, gt=0)
    limit: int | None = Field(None, ge=1, description="train on the first so many people only")
    pretrained: bool | None = Field(None, description="false: start from random weights, whatever the recipe says")


class Small(Settings):
    """What `--small` replaces: the same question, answered within minutes, which says nothing of the full size."""

    architectures: Names | None = None
    protocols: Names | None = None
    recipes: Names | None = None
    seeds: tuple[Seed, ...] | None = Field(None, min_length=1)
    input_sizes: tuple[tuple[Side, Side], ...] | None = Field(None, description="(width, height), pixels")
    corruptions: Names | None = None
    severities: tuple[Severity, ...] | None = Field(None, min_length=1)


class Published(_Part):
    """What the paper found, in the protocol's unit, by the names of the study's rows."""

    protocol: Name
    metric: str = Field(description="what the numbers are, in the paper's words")
    source: str
    values: dict[str, float]


class Study(_Part):
    """A question and its runs: every architecture with every recipe, input size and seed, on every protocol.

    A decoder or a corruption is no further run: each run is made once, and decoded, or measured on corrupted photographs, by all of
    them.
    """

    name: FileName
    question: str = Field(min_length=1)
    source: str = Field("", description="the paper that asked first, with section, table or figure")
    architectures: Names
    protocols: Names
    recipes: Names = (PAPER,)
    seeds: tuple[Seed, ...] = Field((0,), min_length=1)
    input_sizes: tuple[tuple[Side, Side], ...] = Field((), description="(width, height), pixels; none: the recipe's")
    decoders: tuple[Name, ...] = Field((), description="by each of which every run is decoded; none: the network's own")
    corruptions: tuple[Name, ...] = Field((), description="of the photographs on which every run is also scored")
    severities: tuple[Severity, ...] = Field((), description="of the corruptions; none: all five")
    joints: tuple[Name, ...] = Field((), description="the keypoints that the question is about; none: all")
    settings: Settings = Settings()
    published: Published | None = None
    small: Small | None = None

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        small = self.small or Small()
        lists: dict[str, Sequence[Any] | None] = {
            name: getattr(self, name)
            for name in ("architectures", "protocols", "recipes", "seeds", "input_sizes", "decoders", "corruptions", "severities",
                         "joints")
        }  # fmt: skip
        lists |= {f"small.{name}": getattr(small, name) for name in SMALLER}
        for name, values in lists.items():
            for value in values or ():
                if (values or ()).count(value) > 1:
                    raise ValueError(f"{name} names {_shown(value)} twice; each run is made once")
        return self

    @model_validator(mode="after")
    def _corruptions_alone(self) -> Self:
        small = self.small or Small()
        if not self.corruptions and (self.severities or small.corruptions or small.severities):
            raise ValueError(
                "severities and [small]'s corruptions apply to `corruptions`, which is not there; add that list"
            )
        for name in ("decoders", "joints"):
            if self.corruptions and getattr(self, name):
                raise ValueError(
                    f"a study has corruptions or {name}, not both; make two studies, which share their runs"
                )
        return self

    @property
    def small_size(self) -> "Study":
        """The study at its small size, under a name of its own.

        Raises:
            PosebenchError: it has none.
        """
        if self.small is None:
            raise PosebenchError(f"The study {self.name!r} has no small size. Add a table [small] to its file.")
        lists = {name: getattr(self.small, name) for name in SMALLER if getattr(self.small, name)}
        replaced = {
            name: getattr(self.small, name) for name in Settings.model_fields if getattr(self.small, name) is not None
        }
        return self.model_copy(
            update={
                "name": f"{self.name}-small",
                **lists,
                "settings": self.settings.model_copy(update=replaced),
                "small": None,
            }
        )


def shipped_names() -> list[str]:
    """Names of the studies that ship with posebench, in alphabetical order."""
    return sorted(path.stem for path in SHIPPED.glob(f"*{ENDING}"))


def study_path(name: str) -> Path:
    """The file of a shipped study, or the one that is named.

    Raises:
        PosebenchError: neither the name of a shipped study nor a file; suggests the nearest.
    """
    if name in shipped_names():
        return SHIPPED / f"{name}{ENDING}"
    if name.endswith(ENDING):
        return existing(Path(name), "a study")
    raise unknown("study", name, shipped_names(), label=f"A study is a file ending in {ENDING}, or one of")


def read_study(name: str) -> Study:
    """A shipped study by its name, or the one in a TOML file.

    Raises:
        PosebenchError: as `study_path`; or the file is no study: names the field that is wrong.
    """
    return read_model(Study, study_path(name), "a valid study")


def _shown(value: Any) -> str:
    return f"{value[1]}x{value[0]}" if isinstance(value, tuple) else str(value)
