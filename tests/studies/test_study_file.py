"""Study files: what is read, what is refused, and the small size."""

import csv
from pathlib import Path

import pytest
import torch

from posebench.errors import PosebenchError
from posebench.plugins.recipe import shipped
from posebench.plugins.registry import architecture, protocol
from posebench.report.tables.published_robustness import published_robustness
from posebench.samples.corruption import CORRUPTIONS
from posebench.studies.plan import check_names
from posebench.studies.study_file import Study, read_study, shipped_names, study_path

TEXT = """
name = "mine"
question = "Which is better?"
architectures = ["hourglass1", "hourglass2"]
protocols = ["mpii"]
seeds = [0, 1, 2]
[settings]
epochs = 9
limit = 70
[small]
recipes = ["quick"]
seeds = [4]
epochs = 1
"""


def read(path: Path, text: str = TEXT) -> Study:
    path.write_text(text)
    return read_study(str(path))


def test_a_file_is_a_question_with_lists_and_what_it_does_not_say_is_the_papers(tmp_path: Path) -> None:
    study = read(tmp_path / "mine.toml")
    assert (study.question, study.architectures) == ("Which is better?", ("hourglass1", "hourglass2"))
    assert (study.recipes, study.input_sizes, study.joints) == (("paper",), (), ())


def test_the_small_size_replaces_what_its_table_names_and_has_a_name_of_its_own(tmp_path: Path) -> None:
    small = read(tmp_path / "mine.toml").small_size
    assert (small.name, small.recipes, small.seeds) == ("mine-small", ("quick",), (4,))
    assert (small.settings.epochs, small.settings.limit) == (1, 70)
    assert small.architectures == ("hourglass1", "hourglass2")


def test_a_study_without_a_small_size_says_what_to_add(tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match=r"'mine' has no small size\. Add a table \[small\] to its file"):
        _ = read(tmp_path / "mine.toml", TEXT[: TEXT.index("[small]")]).small_size


@pytest.mark.parametrize(
    "old, new, complaint",
    [
        ('"hourglass2"]', '"hourglass1"]', "architectures names hourglass1 twice; each run is made once"),
        ("seeds = [0, 1, 2]", "seeds = [3, 3]", "seeds names 3 twice"),
        ("seeds = [4]", "input_sizes = [[64, 96], [64, 96]]", "small.input_sizes names 96x64 twice"),
        ("seeds = [0, 1, 2]", 'decoders = ["dark", "udp", "dark"]', "decoders names dark twice"),
        ('name = "mine"', 'name = "../mine"', "should be at most 64 letters, digits"),
        (
            "seeds = [0, 1, 2]",
            'corruptions = ["fog"]\ndecoders = ["dark"]',
            "a study has corruptions or decoders, not both; make two studies, which share their runs",
        ),
        ("seeds = [0, 1, 2]", "severities = [3]", "apply to `corruptions`, which is not there; add that list"),
        (
            "seeds = [0, 1, 2]",
            'corruptions = ["fog"]\nseverities = [6]',
            "severities.0: input should be less than or equal to 5",
        ),
        ("seeds = [0, 1, 2]", "seed = 3", "seed is not a known field. Did you mean seeds?"),
        ("seeds = [0, 1, 2]", "limit = 3", "limit is not a known field. It is a field of settings."),
        ("epochs = 9", "epoch = 9", "settings.epoch is not a known field. Did you mean epochs?"),
        ("seeds = [0, 1, 2]", "input_sizes = [[64, 8193]]", "less than or equal to 8192"),
        ('["hourglass1", "hourglass2"]', "[]", "architectures: tuple should have at least 1 item"),
    ],
)
def test_a_mistake_is_named_with_its_value(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in TEXT
    with pytest.raises(PosebenchError) as raised:
        read(tmp_path / "mine.toml", TEXT.replace(old, new))
    assert "mine.toml is not a valid study" in str(raised.value)
    assert complaint in str(raised.value)


def test_a_misspelt_name_gets_the_nearest_one() -> None:
    with pytest.raises(PosebenchError, match=r"No study is named 'stack-at-equal-cost'\. Did you mean 'stacks-at-"):
        study_path("stack-at-equal-cost")
    with pytest.raises(PosebenchError, match=r"nowhere\.toml does not exist; a study should be there"):
        study_path("nowhere.toml")


@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_study_is_valid_under_its_files_name_and_has_a_small_size(name: str) -> None:
    study = read_study(name)
    assert study.name == name
    assert study.small_size.name == f"{name}-small"
    assert study.source


def test_every_network_of_the_shipped_studies_can_be_built_at_their_small_sizes() -> None:
    skeleton = protocol("mpii").skeleton
    networks = set()
    for study in map(read_study, shipped_names()):
        check_names(study)
        check_names(study.small_size)
        sizes = study.small_size.input_sizes or (shipped("quick").input_size,)
        networks |= {(arch, min(sizes)) for arch in study.architectures}
    for arch, size in sorted(networks):
        with torch.device("meta"):
            assert architecture(arch, skeleton, size).input_size == size


PUBLISHED_AS = {
    "hourglass2:residuals=4": "hourglass2(b4)", "hourglass4:residuals=2": "hourglass4(b2)", "hourglass8": "hourglass8(b1)",
    "hrnet_w32:fusion=last": "hrnet_w32(scratch, final exchange only)",
    "hrnet_w32:fusion=stages": "hrnet_w32(scratch, +across-stage exchange)",
}  # fmt: skip
"""Names in results/published.csv of rows of studies, where they are not nearly the same."""


PUBLISHED = {name: study for name in shipped_names() if (study := read_study(name)).published}


def test_the_figures_on_corrupted_photographs_are_those_of_the_table_of_published_robustness() -> None:
    study = PUBLISHED["corruptions"]
    known = {
        row.arch: row.values for row in published_robustness() if (row.protocol, row.input_size) == ("mpii", "256x256")
    }
    for name, value in study.published.values.items():
        arch, what = name.split(", ")
        assert value == known[arch][what], name
    assert study.corruptions == CORRUPTIONS
    assert len(study.published.values) == 2 * (3 + 15)


@pytest.mark.parametrize("name", [name for name, study in PUBLISHED.items() if not study.corruptions])
def test_the_papers_figures_are_those_of_the_table_of_published_scores(name: str) -> None:
    with (Path(__file__).parents[2] / "results" / "published.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["arch"], row["input_size"], float(row["value"])) for row in csv.DictReader(file)]
    study = read_study(name)
    assert study.published is not None
    for row, value in study.published.values.items():
        arch, _, size = row.partition(", ")
        arch = PUBLISHED_AS.get(arch, arch).replace("resnet", "res")
        arch = "hrnet_w32(scratch, all exchanges)" if (name, arch) == ("fusion", "hrnet_w32") else arch
        its = study.input_sizes or ((192, 256), (256, 256))
        sizes = [size.replace("×", "x")] if "×" in size else [f"{height}x{width}" for width, height in its]
        assert any((arch, one, round(value * factor, 6)) in rows for one in sizes for factor in (1, 100)), row
