"""Telling apart: in what records differ, for rows of one name and for names that are too long to read."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from posebench.data.provenance import Provenance
from posebench.results.record import Record, newest

LONGEST_LABEL = 40
"""Letters of a name, beyond which names that stand beside each other are cut to the words in which they differ."""
MOST_SETTINGS = 3
"""In how many settings recipes may differ that are told apart by all of them."""
SAID_ELSEWHERE = "name", "input_size", "flip_test", "pretrained"
"""Settings of a recipe of which a record also says what became of them."""
SHORTEST_CUT = 16
"""Letters of a name that stay before what tells it apart."""
WORD = re.compile(r"[^-_.,; ]+")

Facts = Mapping[str, str]
"""What is said of a row, by what it is about, in the order in which it is said."""


def labels(
    rows: Sequence[Sequence[Record]], names: Sequence[str], files: Sequence[str] | None = None, cut: bool = False
) -> list[str]:
    """The names of rows; those that several rows have, with what tells these apart: `hourglass8, clean`, `hourglass8, fog 3`.

    Args:
        rows, files: as of `told_apart`. names: one for each row.
        cut: whether the end of a long name is left out, so that what tells it apart is within `LONGEST_LABEL` letters.
    """
    files, found = files or _files(rows), list(names)
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        places.setdefault(name, []).append(place)
    for name, same in places.items():
        if len(same) == 1:
            continue
        told = told_apart([rows[place] for place in same], [files[place] for place in same])
        for place, text in zip(same, told, strict=True):
            most = max(SHORTEST_CUT, LONGEST_LABEL - len(text)) if cut else len(name)
            begin = name if len(name) <= most else f"{name[: most - 1]}…"
            found[place] = ", ".join(filter(None, (begin, text)))
    return found


def told_apart(rows: Sequence[Sequence[Record]], files: Sequence[str] | None = None) -> list[str]:
    """What tells rows apart, such as `seed 0, clean` and `seed 0, fog 3`; empty for a single row.

    What was asked of a run stands there wherever it differs: network, recipe, seed, corruption and the like. Many settings within
    recipes, what happened in training and the names of files stand there only as far as they are needed.

    Args:
        rows: each of one record, or of several seeds.
        files: a name of each row's predictions file; None for those in the records.
    """
    both = zip(rows, settings_apart(rows), strict=True)
    asked, more = [{**_asked(row), **settings} for row, settings in both], [dict(_details(newest(row))) for row in rows]
    for facts, file in zip(more, short_names(files or _files(rows)), strict=True):
        facts["file"] = file
    told: list[tuple[str, ...]] = [() for _ in rows]
    for of_rows in (asked, more):
        for about in dict.fromkeys(about for facts in of_rows for about in facts):
            own = [facts.get(about, f"no {about}") for facts in of_rows]
            longer = [(*known, fact) for known, fact in zip(told, own, strict=True)]
            needed = len(set(longer)) > len(set(told))
            if needed or (of_rows is asked and len(set(own)) > 1):
                told = longer
    return [", ".join(filter(None, known)) for known in told]


def settings_apart(rows: Sequence[Sequence[Record]]) -> list[Facts]:
    """Settings in which the recipes of rows differ, such as `learning_rate 0.01`; nothing where they are many: other recipes.

    Args:
        rows: as of `told_apart`.
    """
    own = [dict(_settings(newest(row).model.recipe or {})) for row in rows]
    names = dict.fromkeys(name for settings in own for name in settings)
    differ = [name for name in names if len({settings.get(name) for settings in own}) > 1]
    if len(differ) > MOST_SETTINGS:
        return [{} for _ in rows]
    return [{name: _setting(name, settings.get(name)) for name in differ} for settings in own]


def short_names(names: Sequence[str]) -> list[str]:
    """Names as they are; where one is long, without the words with which all begin and end, such as `seed1-0cc1`."""
    words = [list(WORD.finditer(name)) for name in names]
    texts = [[word.group() for word in its] for its in words]
    if len(set(names)) < 2 or max(map(len, names)) <= LONGEST_LABEL or not all(texts):
        return list(names)
    least = min(map(len, texts)) - 1  # one word of each stays
    begin = _shared(texts, least)
    end = _shared([its[::-1] for its in texts], least - begin)
    if begin and any(its[begin].isdecimal() for its in texts):
        begin -= 1  # `seed 0` says more than `0`
    cut = [name[its[begin].start() : its[-1 - end].end()] for name, its in zip(names, words, strict=True)]
    return cut if len(set(cut)) == len(set(names)) else list(names)


def _shared(texts: Sequence[Sequence[str]], most: int) -> int:
    """With how many words all begin, at most so many."""
    return next((place for place in range(most) if len({its[place] for its in texts}) > 1), most)


def _files(rows: Sequence[Sequence[Record]]) -> list[str]:
    return [newest(row).predictions for row in rows]


def _asked(row: Sequence[Record]) -> Facts:
    """What was asked of a run: rule, people, network, recipe, seeds, and how people were predicted."""
    record = newest(row)
    rule, data, model = record.rule, record.data, record.model
    size, seeds = model.input_size, [str(one.model.seed) for one in row if one.model.seed is not None]
    return {
        "rule": f"{rule.protocol} {rule.short_scope}", "people": f"{data.dataset} {data.split}",
        "architecture": model.arch or "architecture unknown", "recipe": f"recipe {(model.recipe or {}).get('name', 'unknown')}",
        "input": "input unknown" if size is None else f"{size[1]}×{size[0]}",
        "seed": f"seed{'s' * (len(seeds) > 1)} {', '.join(seeds) or 'unknown'}",
        "boxes": f"boxes: {data.box_source}", "annotations": f"ground truth: {data.annotations}", **_prediction(model),
    }  # fmt: skip


def _prediction(model: Provenance) -> Facts:
    """How people were predicted; nothing is said of what is usual, but that the photographs were clean."""
    made, scales, way = model.corrupted, model.scales, model.inference
    return {
        "part": "" if model.chosen is None else model.chosen.sentence,
        "corruption": "clean" if made is None else f"{made.name} {made.severity}",
        "scales": "" if scales is None else f"scales {', '.join(f'{one:g}' for one in scales)}",
        "decoder": "" if model.decoded is None else f"decoded as {model.decoded.sentence}",
        "mirror": "no flip test" if model.flip_test is False else "",
        "tracks": "" if model.tracked is None else f"tracks by {model.tracked.by}",
        "way": "" if way is None else f"run as {way.way}",
    }  # fmt: skip


def _details(record: Record) -> Iterator[tuple[str, str]]:
    """What else may differ, the clearest first."""
    model = record.model
    for name, value in _settings(model.recipe or {}):
        yield name, _setting(name, value)
    if (trained := model.trained_on) is not None:
        yield "training people", f"trained on {trained.people} people of {trained.dataset} {trained.split}"
        yield "initial weights", f"began with {(trained.began_with or {}).get('weights', 'random weights')}"
        yield "precision", f"precision {trained.precision}"
    yield "checkpoint", f"checkpoint: {model.checkpoint}"
    yield "step", f"step {model.step}"
    if (made := model.corrupted) is not None:
        yield "rule of the corruption", f"rule {made.rule}"
        yield "seed of the corruption", f"corruption's seed {made.seed}"
    yield "file", record.predictions
    yield "hash", f"predictions' SHA-256 {record.predictions_sha256[:12]}…"


def _setting(name: str, value: str | None) -> str:
    if value is None:
        return f"no {name}"
    return f"{name} {value if len(value) <= LONGEST_LABEL else f'{value[: LONGEST_LABEL - 1]}…'}"


def _settings(recipe: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """The settings of a recipe, those of its tables by names such as `targets.sigma`."""
    for name, value in recipe.items():
        if name in SAID_ELSEWHERE:
            continue
        if isinstance(value, Mapping):
            yield from _settings(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
