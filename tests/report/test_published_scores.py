"""Published numbers: only those whose rule is one of posebench's, in its names and units."""

from pathlib import Path

import pytest
from records import record

from posebench.errors import PosebenchError
from posebench.plugins.registry import protocol
from posebench.report.board import boards
from posebench.report.leaderboard import markdown
from posebench.report.published_scores import COLUMNS, CONVENTIONS, HEADING, beside, published

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
    assert published(write(
        tmp_path,
        "w32,256x192,coco,val2017,flip=1; boxes=detector AP_H 65.1,AP,0.765,,,a",
        f"w32,256x192,coco,val2017,{boxes}; caffe-style ResNet (unverified),AP,0.72,,,a",
        "hg8,256x256,mpii,test,official MPII server,PCKh@0.5/mean,90.9,,,a",
    )) == []  # fmt: skip


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


def test_drawn_people_and_other_boxes_have_no_literature(tmp_path: Path) -> None:
    rows = published(write(tmp_path, "hg,256x256,mpii,val,bearpaw eval_PCKh,PCKh@0.5/mean(macro14),86.76,,,repo"))
    for data in ({"synthetic": True}, {"box_source": "a detector"}, {"split": "train"}):
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
