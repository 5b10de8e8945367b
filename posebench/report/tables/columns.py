"""Columns of a table: values at full precision and as shown text."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from posebench.data.instances import SYNTHETIC
from posebench.data.provenance import Provenance
from posebench.plain_text import one_line
from posebench.report.tables.rows import Row
from posebench.results.telling_apart import settings_apart, told_apart

UNKNOWN = "–"
CHOSEN_PRECISION = {"no": "float32", "bf16": "bfloat16"}
"""Arithmetic that a recipe with `precision = "auto"` was trained in: two seeds on two machines may differ in it."""


@dataclass(frozen=True)
class Column:
    """One column of a board.

    Attributes:
        header: its name.
        values: one per row, best row first, at full precision; None where unknown.
        decimals: how many are shown; None for text.
        foot: the value of the row below the ranked ones; None where that row has none.
        to_right: whether a text stands at the right, as numbers do.
        links: an address per row, or None where there is none; () for a column without any.
    """

    header: str
    values: tuple[Any, ...]
    decimals: int | None = None
    foot: Any = None
    to_right: bool = False
    links: tuple[str | None, ...] = ()

    @property
    def known(self) -> bool:
        """Whether any row has a value."""
        return any(value is not None for value in self.values)

    @property
    def number(self) -> bool:
        """Whether the column is right-aligned and never folded."""
        return self.to_right or self.decimals is not None

    @cached_property
    def cells(self) -> list[str]:
        """The values as shown, not escaped."""
        return [UNKNOWN if value is None else self._shown(value) for value in self.values]

    @property
    def foot_cell(self) -> str:
        """The value below the ranked rows as shown; empty if there is none."""
        return "" if self.foot is None else self._shown(self.foot)

    def _shown(self, value: Any) -> str:
        return (
            one_line(str(value)) if self.decimals is None or isinstance(value, str) else f"{value:z,.{self.decimals}f}"
        )


def bounds(interval: Sequence[float] | None, decimals: int) -> str | None:
    """Such as `88.41–89.77`."""
    return None if interval is None else "–".join(f"{bound:z.{decimals}f}" for bound in interval)


def size(input_size: tuple[int, int] | None) -> str | None:
    """`256×192`, height first as the field prints it, from (width, height)."""
    return None if input_size is None else f"{input_size[1]}×{input_size[0]}"


def millions(count: int | None) -> float | None:
    """A count in millions."""
    return None if count is None else count / 1e6


def scales(model: Provenance) -> str | None:
    """Such as `mean over scales 0.8, 1, 1.3`; None where each person was seen in one region."""
    return None if model.scales is None else f"mean over scales {', '.join(f'{one:g}' for one in model.scales)}"


def training_data(model: Provenance) -> str | None:
    """Such as `mpii train`, or what whoever scored the file says; None where it is unknown."""
    trained_on = model.trained_on
    if trained_on is None or trained_on.dataset is None:
        return None
    return " ".join(filter(None, (trained_on.dataset, trained_on.split)))


def other_training_data(models: Sequence[Provenance]) -> tuple[str, ...]:
    """A sentence where the rows of one table are known to be trained on different data."""
    if len({data for model in models if (data := training_data(model)) is not None}) < 2:
        return ()
    return (
        "Rows were trained on different data (see the column 'training'), so ranks compare networks together with their "
        "training data.",
    )


def training(model: Provenance, seeds: Sequence[int]) -> str | None:
    """Such as `quick, 4 epochs, bfloat16, 4000 people of mpii train, seed 0`: what tells two rows of one architecture apart."""
    tested = scales(model), None if model.decoded is None else f"decoded as {model.decoded.sentence}"
    return "; ".join(filter(None, (_training(model, seeds), *tested))) or None


def trainings(rows: Sequence[Row]) -> tuple[str | None, ...]:
    """`training` of each row; of rows of one name, with the settings in which they differ, else with whatever tells them apart."""
    told = [training(row.model, row.seeds) for row in rows]
    for places in _alike([row.name for row in rows], told):
        for place, settings in zip(places, settings_apart([rows[one].records for one in places]), strict=True):
            told[place] = "; ".join(
                filter(None, (told[place], *(its for name, its in settings.items() if name != "epochs")))
            )
    for places in _alike([(row.name, text) for row, text in zip(rows, told, strict=True)], told):
        for place, apart in zip(places, told_apart([rows[one].records for one in places]), strict=True):
            told[place] = "; ".join(filter(None, (told[place], apart)))
    return tuple(told)


def _alike(names: Sequence[object], told: Sequence[str | None]) -> list[list[int]]:
    """The places of equal names, where there are several and something is known of each."""
    places: dict[object, list[int]] = {}
    for place, (name, text) in enumerate(zip(names, told, strict=True)):
        if text is not None:
            places.setdefault(name, []).append(place)
    return [same for same in places.values() if len(same) > 1]


def _training(model: Provenance, seeds: Sequence[int]) -> str | None:
    recipe, trained_on, data, chosen = model.recipe, model.trained_on, training_data(model), model.selection
    if recipe is None or trained_on is None:
        return None if data is None else f"on {data}"
    if trained_on.began_with is not None and not trained_on.people:
        return f"published weights ({trained_on.began_with.get('weights')})"
    parts = [
        recipe.get("name"),
        f"{recipe.get('epochs')} epoch{'s' * (recipe.get('epochs') != 1)}",
        *([CHOSEN_PRECISION[its]] if (its := trained_on.precision) in CHOSEN_PRECISION else []),
        f"{trained_on.people} {SYNTHETIC}"
        if trained_on.dataset == SYNTHETIC
        else f"{trained_on.people} people" + ("" if data is None else f" of {data}"),
        *([] if model.stopped is None else [f"stopped by {model.stopped} at step {model.step} of {model.steps}"]),
        *([f"checkpoint by {chosen.metric} of {chosen.split}"] if chosen is not None and chosen.chosen else []),
    ]
    told = f"seeds {', '.join(map(str, seeds))}" if len(seeds) > 1 else f"seed {model.seed}"
    return ", ".join(map(str, [*parts, told]))
