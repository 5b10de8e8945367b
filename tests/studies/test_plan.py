"""Plans: which runs a study has, and what is found wrong before the first one."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from posebench.cli.show_study import print_plan
from posebench.errors import PosebenchError
from posebench.studies.plan import Asked, data_of, make_plan, places, row_name
from posebench.studies.state import RunState
from posebench.studies.study_file import Published, Settings, Study

pytestmark = pytest.mark.usefixtures("few_people")

MINE = Study(
    name="mine", question="Which?", architectures=("hourglass1", "hourglass1:head=8"), protocols=("mpii", "flic"),
    recipes=("quick",), seeds=(3, 0), settings=Settings(epochs=2, limit=50, pretrained=False),
)  # fmt: skip


def changed(**changes: object) -> Study:
    return MINE.model_copy(update=changes)


def plan_of(study: Study, results: Path) -> list[str]:
    return [run.title for run in make_plan(Asked(study=study, results=results)).runs]


def error_of(study: Study, results: Path) -> str:
    with pytest.raises(PosebenchError) as raised:
        make_plan(Asked(study=study, results=results))
    return str(raised.value)


def test_every_row_comes_with_the_first_seed_before_any_with_the_next(tmp_path: Path) -> None:
    assert plan_of(MINE, tmp_path) == [
        "hourglass1, mpii, seed 3", "hourglass1:head=8, mpii, seed 3", "hourglass1, flic, seed 3",
        "hourglass1:head=8, flic, seed 3", "hourglass1, mpii, seed 0", "hourglass1:head=8, mpii, seed 0",
        "hourglass1, flic, seed 0", "hourglass1:head=8, flic, seed 0",
    ]  # fmt: skip


def test_a_run_is_the_job_of_posebench_run_with_these_options(tmp_path: Path) -> None:
    plan = make_plan(
        Asked(study=changed(protocols=("mpii",), input_sizes=((64, 128),)), results=tmp_path, device="cpu")
    )
    job = plan.runs[1].job
    assert (job.arch, job.seed, job.limit, job.device) == ("hourglass1:head=8", 3, 50, "cpu")
    assert (job.recipe.name, job.recipe.input_size, job.recipe.epochs) == ("quick", (64, 128), 2)
    assert int(plan.runs[1].people.train.usable.sum()) == 50
    assert len(plan.runs[1].people.scored) == 20
    assert plan.folder == tmp_path / "studies" / "mine"
    assert [len(runs) for runs in plan.rows] == [2, 2]


def test_rows_are_named_by_recipe_and_size_where_there_are_several() -> None:
    study = changed(protocols=("mpii",), recipes=("quick", "common"), input_sizes=((48, 64), (96, 128)))
    names = [row_name(place, study) for place in places(study)]
    assert (names[0], names[-1]) == ("hourglass1, quick, 64×48", "hourglass1:head=8, common, 128×96")
    assert row_name(places(MINE)[0], MINE) == "hourglass1"


@pytest.mark.parametrize(
    "change, complaint",
    [
        ({"architectures": ("hourglas1",)}, "The study 'mine': No architecture is named 'hourglas1'. Did you mean 'hourglass1'?"),
        ({"architectures": ("hourglass1:stem=none",)}, "hourglass1 takes stem once, with one of newell, bearpaw"),
        ({"protocols": ("mpi",)}, "The study 'mine': No protocol is named 'mpi'. Did you mean 'mpii'?"),
        ({"recipes": ("quik",)}, "The study 'mine': No recipe is named 'quik'. Did you mean 'quick'?"),
        ({"joints": ("left_ear",)}, "The study 'mine': No keypoint of mpii is named 'left_ear'."),
        ({"input_sizes": ((65, 64),)}, "Nothing was trained:\n  1. hourglass1: hourglass needs an input whose sides are "),
    ],
)  # fmt: skip
def test_what_cannot_be_run_is_refused_before_the_first_run(tmp_path: Path, change: dict, complaint: str) -> None:
    assert complaint in error_of(changed(protocols=("mpii",)).model_copy(update=change), tmp_path)


def test_two_names_of_one_run_are_an_error_that_names_both(tmp_path: Path) -> None:
    study = changed(protocols=("mpii",), recipes=("paper", "hourglass-mpii"), settings=Settings())
    assert error_of(study, tmp_path) == (
        "Two runs of this study are the same: hourglass1 by paper on mpii with seed 3 and hourglass1 by hourglass-mpii on mpii "
        "with seed 3. Remove one of them from its lists."
    )


def test_a_published_value_of_no_row_is_an_error_that_names_the_rows(tmp_path: Path) -> None:
    published = Published(protocol="flic", metric="PCK", source="a paper", values={"hourglass2": 98.0})
    assert error_of(changed(published=published), tmp_path) == (
        "The study 'mine' has a published value of 'hourglass2', which is none of its rows on flic. "
        "Rows: hourglass1; hourglass1:head=8."
    )


def test_the_data_of_a_protocol_is_the_folder_of_its_name_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "mpii").mkdir()
    assert data_of(tmp_path, "mpii") == tmp_path / "mpii"
    assert (data_of(tmp_path, "flic"), data_of(None, "mpii")) == (tmp_path, None)
    (tmp_path / "mpii" / "mpii").mkdir()
    assert data_of(tmp_path / "mpii", "mpii") == tmp_path / "mpii"


def test_one_annotation_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "valid.h5"
    file.write_text("")
    with pytest.raises(PosebenchError, match="is one file, so training and scoring would share their people"):
        make_plan(Asked(study=MINE, data=file, results=tmp_path))


def test_what_all_rows_have_is_told_once_so_that_names_fit_the_terminal(tmp_path: Path) -> None:
    plan = make_plan(Asked(study=changed(protocols=("mpii",)), results=tmp_path))
    told = StringIO()
    print_plan(Console(file=told, width=80), plan, [RunState(run, "waiting") for run in plan.runs], {})
    lines = [line.split() for line in told.getvalue().splitlines()]
    assert ["network", "time", "of", "each"] in lines
    assert ["hourglass1:head=8", "–"] in lines
    text = " ".join(told.getvalue().split())
    assert "In all rows: protocol mpii, recipe quick, input 64×64, epochs 2, seeds 3 0, state 2 waiting." in text
