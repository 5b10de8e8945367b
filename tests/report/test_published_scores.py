"""Published numbers: only those whose rule is one of posebench's, in its names and units."""

from pathlib import Path

import pytest
from records import COCO, record

from posebench.errors import PosebenchError
from posebench.plugins.registry import protocol
from posebench.report.tables.boards import boards
from posebench.report.tables.latex import tex
from posebench.report.tables.leaderboard import markdown
from posebench.report.tables.published_beside import HEADING, apart, beside, link
from posebench.report.tables.published_scores import COLUMNS, CONVENTIONS, published

RESULTS = Path(__file__).parents[2] / "results"


def write(folder: Path, *rows: str) -> Path:
    (folder / "published.csv").write_text("\n".join([",".join(COLUMNS), *rows]) + "\n")
    return folder


def test_a_sources_numbers_become_one_row_under_our_names(tmp_path: Path) -> None:
    found = published(write(
        tmp_path,
        "hg2,256x256,mpii,val,bearpaw eval_PCKh; checkpoint=last; GT=x,PCKh@0.5/head,95.80,,,repo:README",
        "hg2,256x256,mpii,val,bearpaw eval_PCKh; checkpoint=last; mean=MACRO,PCKh@0.5/mean(macro14),86.76,,,repo:README",
        "hg2,256x256,mpii,val,bearpaw eval_PCKh; checkpoint=best; GT=x,PCKh@0.5/head,95.87,,,repo:README",
    ))  # fmt: skip
    assert [(row.name, dict(row.metrics)) for row in found] == [
        ("hg2, last checkpoint", {"Head": 95.80, "Mean": 86.76}),
        ("hg2, best checkpoint", {"Head": 95.87}),
    ]
    assert (found[0].convention, found[0].box_source, found[0].split) == ("bearpaw", "annotation", "val")


def test_what_a_published_network_was_trained_on_is_part_of_its_name(tmp_path: Path) -> None:
    rule = "person-centric PCK; trained on LSP, LSPET and MPII"
    found = published(write(
        tmp_path,
        f'cpm,,lsp,test,"{rule}",PCK@0.2/mean,90.5,,,a',
        "yang16,,lsp,test,observer-centric PCK,PCK@0.2/mean,81.5,,,b",
    ))  # fmt: skip
    assert [(row.name, row.convention, row.metrics["Mean"]) for row in found] == [
        ("cpm, trained on LSP, LSPET and MPII", "person-centric", 90.5), ("yang16", "observer-centric", 81.5),
    ]  # fmt: skip


def test_units_are_the_protocols_whatever_the_source_prints(tmp_path: Path) -> None:
    boxes = "flip=1; shift_heatmap; boxes=detector AP_H 56.4; oks_nms+kpt rescoring"
    found = published(write(
        tmp_path,
        f"w32,256x192,coco,val2017,{boxes},AP,74.4,,,a",
        f"w32,256x192,coco,val2017,{boxes},AP50,0.905,,,a",
        "w32,256x256,mpii,val,mmpose MpiiPCKAccuracy,PCKh@0.5/mean,0.900,,,b",
    ))  # fmt: skip
    assert [dict(row.metrics) for row in found] == [{"AP": 0.744, "AP50": 0.905}, {"Mean": 90.0}]


def test_other_boxes_and_doubted_rows_are_joined_with_nothing(tmp_path: Path) -> None:
    boxes = "flip=1; shift_heatmap; boxes=detector AP_H 56.4; oks_nms+kpt rescoring"
    rows = published(write(
        tmp_path,
        "w32,256x192,coco,val2017,flip=1; boxes=detector AP_H 65.1,AP,0.765,,,a",
        f"r50,256x192,coco,val2017,{boxes}; caffe-style ResNet (unverified),AP,0.72,,,a",
        f"r101,256x192,coco,val2017,{boxes},AP,0.72,,,a",
        "w48,256x192,coco,test-dev2017,boxes=detector,AP,0.755,,,a",
        "hg8,256x256,mpii,test,official MPII server,PCKh@0.5/mean,90.9,,,a",
    ))  # fmt: skip
    data = {"split": "val", "box_source": "annotation"}
    (board,) = boards([record(base=COCO, rule={"convention": "hrnet"}, data=data)])
    assert beside(board, rows) == []
    assert {column.header: column.cells for column in apart(board, rows)} == {
        "published as": ["w32", "r50", "r101", "w48"],
        "differs in": [
            "convention: boxes=detector AP_H 65.1", "convention: caffe-style ResNet (unverified)",
            "boxes: COCO_val2017_detections_AP_H_56_person.json", "split: test-dev",
        ],
        "source": ["a"] * 4,
    }  # fmt: skip


def test_rows_that_differ_alike_are_one_line_which_names_the_first_networks(tmp_path: Path) -> None:
    rows = published(write(tmp_path, *(f"hg{n},,mpii,val,mmpose,PCKh@0.5/mean,0.{n},,,a" for n in range(81, 87))))
    columns = apart(boards([record()])[0], rows)
    assert [column.cells for column in columns] == [
        ["hg81; hg82; hg83; hg84 and 2 more"],
        ["convention: mmpose"],
        ["a"],
    ]


@pytest.mark.parametrize(
    "source, address",
    [
        ("a/b-c@0185b42:x/y_z.md", "https://github.com/a/b-c/blob/0185b42/x/y_z.md"),
        ("Stacked Hourglass arXiv:1603.06937v2 text", "https://arxiv.org/abs/1603.06937v2"),
        ("Yang, https://example.org/a_b.html", "https://example.org/a_b.html"),
        ("a thesis", None), ("javascript:alert(1)", None), ("a/b@0185b42:x)](y", None),
        ('https://x.org/"><script>', "https://x.org/"),
    ],
)  # fmt: skip
def test_a_source_has_the_address_that_it_states(source: str, address: str | None) -> None:
    assert link(source) == address


def test_every_source_of_the_repositorys_file_has_an_address() -> None:
    assert [row.source for row in published(RESULTS) if link(row.source) is None] == []


def test_each_published_row_links_its_source_in_every_form(tmp_path: Path) -> None:
    rows = published(write(
        tmp_path,
        "low,256x256,mpii,val,bearpaw eval_PCKh,PCKh@0.5/mean(macro14),86.76,,,a/b@0185b42:c_d.md",
        "high,256x256,mpii,val,bearpaw eval_PCKh,PCKh@0.5/mean(macro14),88.64,,,a thesis",
    ))  # fmt: skip
    (board,) = boards([record(rule={"convention": "bearpaw"})])
    assert r"86.8 | [a/b@0185b42:c\_d.md](https://github.com/a/b/blob/0185b42/c_d.md) |" in markdown([board], rows)
    text = tex(board, rows)
    assert r"& low [2] & 256$\times$256 &  &  &  & 86.8 &  \\" in text
    assert r"[1] a thesis; [2] \href{https://github.com/a/b/blob/0185b42/c_d.md}{a/b@0185b42:c\_d.md}" in text


def test_only_the_best_of_many_published_rows_are_shown_and_counted(tmp_path: Path) -> None:
    rows = published(write(tmp_path, *(f"hg{n},,mpii,val,mmpose,PCKh@0.5/mean,0.{n},,,a" for n in range(70, 85))))
    (board,) = boards([record(rule={"convention": "mmpose"})])
    assert beside(board, rows)[0].values == tuple(f"hg{n}" for n in range(84, 72, -1))
    assert "not scored here; the best 12 of 15 rows:**" in markdown([board], rows)


@pytest.mark.parametrize("of, beginning", CONVENTIONS)
def test_every_convention_named_is_one_and_has_rows(of: str, beginning: str) -> None:
    convention, _ = CONVENTIONS[of, beginning]
    rows = [row for row in published(RESULTS) if (row.protocol, row.convention) == (of, convention)]
    assert convention in protocol(of).conventions
    assert rows
    assert {row.split for row in rows} <= {*protocol(of).splits}


def test_what_is_no_number_is_a_sentence_with_its_line(tmp_path: Path) -> None:
    write(tmp_path, "hg2,256x256,mpii,val,bearpaw eval_PCKh,PCKh@0.5/head,high,,,r")
    with pytest.raises(PosebenchError, match=r"published\.csv, line 2: value 'high' is not a number"):
        published(tmp_path)
    (tmp_path / "published.csv").write_text("arch,value\n")
    with pytest.raises(PosebenchError, match="lacks the column input_size"):
        published(tmp_path)


def test_without_the_file_nothing_is_published(tmp_path: Path) -> None:
    assert published(tmp_path) == []


def test_published_rows_stand_below_the_table_of_their_convention_alone(tmp_path: Path) -> None:
    rows = published(write(
        tmp_path,
        "low,256x256,mpii,val,bearpaw eval_PCKh,PCKh@0.5/mean(macro14),86.76,,,repo",
        "high,256x256,mpii,val,bearpaw eval_PCKh,PCKh@0.5/mean(macro14),88.64,,,repo",
        "other,256x256,mpii,val,mmpose MpiiPCKAccuracy,PCKh@0.5/mean,0.90,,,repo",
    ))  # fmt: skip
    bearpaw, official = (boards([record(rule={"convention": name})])[0] for name in ("bearpaw", "official"))
    assert {column.header: column.cells for column in beside(bearpaw, rows)} == {
        "published as": ["high", "low"], "input (h×w)": ["256×256"] * 2, "Mean": ["88.6", "86.8"], "source": ["repo"] * 2,
    }  # fmt: skip
    assert beside(official, rows) == []
    assert "high | 256×256 | 88.6" in markdown([bearpaw], rows)
    assert HEADING not in markdown([official], rows)


def test_drawn_people_other_boxes_and_corrupted_photographs_have_no_literature(tmp_path: Path) -> None:
    rows = published(write(tmp_path, "hg,256x256,mpii,val,bearpaw eval_PCKh,PCKh@0.5/mean(macro14),86.76,,,repo"))
    for data in ({"synthetic": True}, {"box_source": "a detector"}, {"split": "train"}, {"corruption": "fog 3"}):
        assert beside(boards([record(rule={"convention": "bearpaw"}, data=data)])[0], rows) == []


@pytest.mark.parametrize(
    "content, sentence",
    [
        (b"\xff\xfe\0a", "published.csv is not readable as a .csv in UTF-8: .* Save it as CSV UTF-8"),
        (b"hg2,256x256,mpii", "published.csv, line 2 should have 10 values, as the header has"),
        (b"a,b,c,d,e,f,g,h,i,j,k", "published.csv, line 2 should have 10 values, as the header has"),
        (b"hg2,,mpii,val,bearpaw eval_PCKh,PCKh@0.5/head,nan,,,x", "line 2: value 'nan' is not a number"),
    ],
)
def test_a_damaged_file_is_a_sentence(content: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "published.csv").write_bytes(",".join(COLUMNS).encode() + b"\n" + content + b"\n")
    with pytest.raises(PosebenchError, match=sentence):
        published(tmp_path)


def test_a_byte_order_mark_as_spreadsheets_write_it_is_no_part_of_the_header(tmp_path: Path) -> None:
    row = "hg2,,mpii,val,bearpaw eval_PCKh,PCKh@0.5/head,95.8,,,x"
    (tmp_path / "published.csv").write_text("\n".join([",".join(COLUMNS), row]) + "\n", "utf-8-sig")
    assert [dict(one.metrics) for one in published(tmp_path)] == [{"Head": 95.8}]
