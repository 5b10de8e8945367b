"""The report of a study: the question, the verdict, tables and a figure, as Markdown. The same records make the same bytes."""

import math
from collections.abc import Sequence
from pathlib import Path

from posebench.errors import counted, listed
from posebench.files.writing import write_text
from posebench.report.plots.plot_files import dark, write_figure
from posebench.report.plots.plot_style import style
from posebench.report.tables.board import SYNTHETIC_NOTE
from posebench.report.tables.columns import UNKNOWN, millions, size
from posebench.report.tables.comparison_table import p_text, verdict
from posebench.report.tables.leaderboard import escape
from posebench.results.folder import ResultsFolder
from posebench.results.kept_robustness import CLEAN, MPC, RPC
from posebench.results.kept_study import KeptFindings, KeptStudy, save_study
from posebench.scoring.scores import shown_decimals
from posebench.studies.condition_figure import scores_by_condition
from posebench.studies.corrupting import CHANGE
from posebench.studies.figure import scores_and_differences
from posebench.studies.findings import Answer, Findings, StudyRow, difference, signed
from posebench.studies.study_file import Published, Study

SMALL = (
    "This is the study at its small size: other recipes, people or epochs than the question is about. It shows that the study "
    "runs; its verdict is about these small trainings alone."
)

SEVERAL = (
    "A row of several seeds is the mean over seeds: '95 %' is the interval over images, 'sd of seeds' the standard deviation over "
    "seeds. Intervals of differences include both."
)
ONE_SEED = "Each row has one seed: what another seed would change is unknown, and no interval includes it."
DECODED = (
    "Rows that differ in the decoder alone are the same trainings and the same heatmaps: those of the last stack, with the "
    "mirrored pass as the network itself takes it."
)
CONDITIONS = (
    f"{CLEAN} is the score on the photographs as they are, {MPC} the mean over all corruptions and severities, {CHANGE} is {MPC} − "
    f"{CLEAN}, {RPC} is {MPC} in percent of {CLEAN}, and the row of a corruption is the mean over its severities."
)
ORIENTATION = "Its rule, boxes and people may differ from those of the rows: compare the differences, not the values."
CORRECTED = (
    "p-values of all differences are corrected together (single-step max-|t|). Intervals are for each difference alone."
)


def write_report(answer: Answer) -> list[Path]:
    """Write `report.md`, a figure for each protocol, and what `posebench report` shows of them, into the study's folder.

    Returns:
        the files' paths, the report last.
    """
    folder, name = ResultsFolder(answer.plan.asked.results), answer.plan.study.name
    figures: dict[str, Path] = {}
    for found in answer.findings:
        path = folder.study_figure(name, found.protocol)
        if found.pairs:
            draw = scores_by_condition if answer.plan.study.corruptions else scores_and_differences
            with style():
                write_figure(draw(answer.plan.study, found, published_beside(answer, found)), path)
            figures[found.protocol] = path
        else:
            for old in (path, dark(path)):
                old.unlink(missing_ok=True)
    report = folder.study_report(name)
    write_text(report, markdown(answer, figures))
    return [*figures.values(), save_study(kept(answer), name, folder.path), report]


def kept(answer: Answer) -> KeptStudy:
    """What `posebench report` shows of a study."""
    study = answer.plan.study
    findings = [
        KeptFindings(
            protocol=found.protocol, synthetic=any(row.data.synthetic for row in found.done), problem=found.problem,
            verdicts=tuple(map(found.verdict, found.leading)),
        )
        for found in answer.findings
    ]  # fmt: skip
    return KeptStudy(
        question=study.question, source=study.source, notes=tuple(_notes(answer)), findings=tuple(findings)
    )


def markdown(answer: Answer, figures: dict[str, Path] | None = None) -> str:
    """The report as a page of GitHub's Markdown.

    Args:
        figures: protocol → its figure, in the report's own folder.
    """
    study = answer.plan.study
    blocks = [f"# Study: {escape(study.name)}", f"**{escape(study.question)}**"]
    blocks += [f"Asked by {escape(study.source)}."] if study.source else []
    blocks += map(escape, _notes(answer))
    for found in answer.findings:
        blocks += _of_protocol(answer, found, (figures or {}).get(found.protocol))
    return "\n\n".join(blocks) + "\n"


def _notes(answer: Answer) -> list[str]:
    """Sentences on what the verdicts are about."""
    said = [SMALL] if answer.small else []
    said += [DECODED] if answer.plan.study.decoders else []
    said += _about_corruptions(answer) if answer.plan.study.corruptions else []
    if left := [state for state in answer.states if state.word != "done"]:
        told = "; ".join(f"{state.run.title} ({state.word})" for state in left)
        said.append(f"{counted(len(left), 'run is', 'runs are')} not done, of {len(answer.states)}: {told}.")
    return said


def _about_corruptions(answer: Answer) -> list[str]:
    """What the conditions are, and whether all networks saw the same pictures."""
    cells = () if (asked := answer.plan.runs[0].corruptions) is None else asked.cells
    names = counted(len({name for name, _ in cells}), "corruption", "corruptions")
    severities = listed(dict.fromkeys(str(severity) for _, severity in cells))
    blocks = [
        f"Corrupted photographs: {names} of severity {severities}, as posebench robustness makes them. {CONDITIONS}"
    ]
    measured = (state.corrupted.corrupted for state in answer.states if state.corrupted is not None)
    versions = {listed(f"{name} {it}" for name, it in one.packages.items()) for one in measured if one is not None}
    if len(versions) > 1:
        told = "; ".join(sorted(versions))
        blocks.append(
            f"Not all networks were measured with the same versions of the packages that corrupt photographs: {told}."
        )
    return blocks


def published_beside(answer: Answer, found: Findings) -> Published | None:
    """The paper's figures, where the study is at full size and on the photographs of their dataset; else None."""
    published = answer.plan.study.published
    if published is None or published.protocol != found.protocol or answer.small or not found.done:
        return None
    return None if any(row.data.synthetic for row in found.done) else published


def _of_protocol(answer: Answer, found: Findings, figure: Path | None) -> list[str]:
    blocks = [f"## {escape(found.protocol)}"]
    if not found.done:
        return [*blocks, "No run is done."]
    first, study = found.done[0], answer.plan.study
    data, rule = first.data, first.rule
    blocks += [f"**{SYNTHETIC_NOTE}.**"] if data.synthetic else []
    blocks += [f"The rows cannot be compared. {escape(found.problem)}"] if found.problem else []
    said = [f"- {escape(found.verdict(pair))}" for pair in found.leading]
    blocks += ["\n".join(said)] if said else []
    blocks += [escape(found.not_compared)] if found.not_compared else []
    blocks.append(
        f"{rule.headline} of {data.people:,} people of {escape(data.what)}, boxes: {escape(data.box_source)}. "
        f"{escape(rule.protocol)} {escape(rule.convention)}: {escape(rule.rule)}"
    )
    blocks += [f"Only these keypoints are scored: {escape(', '.join(rule.keypoints))}."] if rule.keypoints else []
    published = published_beside(answer, found)
    blocks += [_scores(found, published), SEVERAL if any(row.by_seed for row in found.done) else ONE_SEED]
    if figure is not None:
        blocks.append(
            f"![{escape(f'Scores of {study.name} on {found.protocol}, and their differences')}]({figure.name})"
        )
    blocks += [_differences(found, published), CORRECTED] if found.pairs else []
    blocks += _papers(study, found, published)
    return blocks


def _scores(found: Findings, published: Published | None) -> str:
    """A line for each row: score, interval, seeds, and the paper's figure."""
    rule = found.done[0].rule
    headers = ["", rule.headline, "95 %", "sd of seeds", "by seed", "input (h×w)", "parameters (M)"]
    some = any(one.whole is not None for one in found.rows)
    headers += [f"{rule.headline} of all keypoints"] * some + ["paper"] * (published is not None)
    lines = []
    for one in found.rows:
        cells = _cells(one)
        if some:
            cells.append(UNKNOWN if one.whole is None else f"{one.whole.headline:.{shown_decimals(rule.unit)}f}")
        if published is not None:
            cells.append(str(published.values.get(one.name, UNKNOWN)))
        lines.append([one.name, *cells])
    return _table(headers, lines)


def _cells(one: StudyRow) -> list[str]:
    row = one.row
    if row is None:
        return [UNKNOWN] * 6
    by_seed = zip(row.seeds, row.by_seed or (row.headline,), strict=True)
    told = ", ".join(f"{seed}: {one.number(value)}" for seed, value in by_seed)
    parameters = millions(row.model.parameters)
    return [
        *one.cells, told, size(row.model.input_size) or UNKNOWN, UNKNOWN if parameters is None else f"{parameters:.1f}",
    ]  # fmt: skip


def _differences(found: Findings, published: Published | None) -> str:
    """A line for each difference, with the paper's."""
    headers = ["difference", "value", "p", "verdict"] + ["paper"] * (published is not None)
    lines = []
    for pair in found.pairs:
        one, decimals = pair.headline, found.decimals(pair)
        cells = [
            found.label(pair),
            difference(one, decimals),
            UNKNOWN if one.p is None else p_text(one.p),
            verdict(one),
        ]
        if published is not None:
            a, b = (published.values.get(name, math.nan) for name in (pair.a, pair.b))
            cells.append(signed(a - b, decimals) if math.isfinite(a - b) else UNKNOWN)
        lines.append(cells)
    return _table(headers, lines)


def _papers(study: Study, found: Findings, beside: Published | None) -> list[str]:
    """What the paper's figures are, and why they are not in the tables where they are not."""
    published = study.published
    if published is None or published.protocol != found.protocol:
        return []
    what = f"{escape(published.metric)} ({escape(published.source)})"
    if beside is not None:
        return [f"Paper: {what}. {ORIENTATION}"]
    values = "; ".join(f"{escape(name)} {value}" for name, value in published.values.items())
    return [
        f"The paper has, at full size on its own photographs, and therefore not comparable with these rows: {values}. {what}."
    ]


def _table(headers: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table; the first cell of a line is a name, the others are numbers."""
    marks = [":--", *["--:"] * (len(headers) - 1)]
    rows = [[escape(header) for header in headers], marks, *([escape(name), *cells] for name, *cells in lines)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
