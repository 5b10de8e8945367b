"""Files with tracks are ranked by MOTA, beside files without, which are ranked by AP."""

from pathlib import Path
from typing import Any

import entry
import pytest
from posetrack_data import person, sequence, write

import posebench as pb
from posebench.report.tables.board import Board
from posebench.report.tables.boards import boards
from posebench.report.tables.leaderboard import markdown_table
from posebench.results.record import find_records

SEQUENCES = ("jump", "run", "walk")


def made(swapped: int, tracks: bool = True, scores: float | None = 0.5) -> list[dict[str, Any]]:
    """Two people in three frames of every sequence; in so many sequences their tracks are exchanged in the last frame."""
    found = []
    for place, name in enumerate(SEQUENCES):
        frames = [[(1, person(x=100.0)), (2, person(x=300.0))] for _ in range(3)]
        if place < swapped:
            frames[2] = [(2, person(x=100.0)), (1, person(x=300.0))]
        found.append(sequence(frames, name, scores=scores))
        for row in found[-1]["annotations"]:
            if not tracks:
                del row["track_id"]
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder, three folders of results, and the results folder with their records."""
    folder = tmp_path_factory.mktemp("tracks")
    write(folder / "truth", *made(0, scores=None))
    for name, files in {"steady": made(0), "one-swap": made(1), "untracked": made(0, tracks=False)}.items():
        write(folder / name, *files)
        pb.evaluate(folder / name, protocol="posetrack", data=folder / "truth", convention="corrected").save(
            folder / "results"
        )
    return folder


@pytest.fixture(scope="module")
def both(folder: Path) -> list[Board]:
    return boards(find_records(folder / "results").records)


def test_files_with_tracks_have_a_leaderboard_of_their_own_ranked_by_mota(both: list[Board]) -> None:
    assert [(board.rule.headline, [row.name for row in board.rows]) for board in both] == [
        ("mAP", ["untracked"]),
        ("MOTA", ["steady", "one-swap"]),
    ]
    assert both[1].title.endswith("posetrack v1, corrected, ranked by MOTA, boxes: detections as submitted")


def test_mota_is_the_first_score_and_map_stands_beside_it(both: list[Board]) -> None:
    tracked = both[1]
    assert [column.header for column in tracked.columns[:5]] == ["rank", "name", "MOTA", "95 %", "mAP"]
    values = {column.header: column.values for column in tracked.columns}
    assert values["mAP"] == (100, 100)
    # 1 of 18 people is in another track than before, twice: 2 switches of 18.
    assert values["MOTA"] == pytest.approx((100, 100 * (1 - 2 / 18)))
    assert markdown_table(tracked.columns).startswith("| rank | name | MOTA | 95 % | mAP |")


@pytest.mark.parametrize("columns", [80, 120])
def test_a_terminal_shows_mota(columns: int, folder: Path) -> None:
    done = entry.posebench("report", "--only", "*", "--results", "results", cwd=folder, COLUMNS=str(columns))
    header = next(line for line in done.stdout.splitlines() if "MOTA" in line and "rank" in line and "name" in line)
    assert header.split()[:5] == ["rank", "name", "MOTA", "95", "%"], done.stdout
    assert "mAP" in header


def test_a_file_with_tracks_is_compared_with_one_without_by_map(folder: Path) -> None:
    found = pb.compare(
        [folder / "steady", folder / "untracked"], protocol="posetrack", data=folder / "truth", convention="corrected"
    )
    assert (found.pairs[0].headline.name, found.pairs[0].headline.value) == ("mAP", 0)
    tracked = pb.compare(
        [folder / "steady", folder / "one-swap"], protocol="posetrack", data=folder / "truth", convention="corrected"
    )
    assert tracked.pairs[0].headline.name == "MOTA"


def test_records_ranked_by_the_protocols_headline_are_written_as_before(folder: Path) -> None:
    written = {path.name: path.read_text() for path in (folder / "results" / "records").iterdir()}
    assert [("ranked_apart" in text, "untracked" in name) for name, text in sorted(written.items())] == [
        (True, False), (True, False), (False, True),
    ]  # fmt: skip
