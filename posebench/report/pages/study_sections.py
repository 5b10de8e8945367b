"""Studies on the report's page: for each study its question, its verdicts, its figures, and the way to its report."""

from dataclasses import dataclass

from posebench.report.pages.page_pictures import Picture, picture
from posebench.report.tables.contents import Contents
from posebench.results.kept_study import KeptFindings, KeptStudy


@dataclass(frozen=True)
class StudySection:
    """One study.

    Attributes:
        report: address of its report; empty where there is none.
        findings: on each protocol, with the figure where there is one.
    """

    name: str
    kept: KeptStudy
    report: str
    findings: tuple[tuple[KeptFindings, Picture | None], ...]


def study_sections(contents: Contents, *, inside: bool) -> list[StudySection]:
    """Every study of the results folder, in the order of their names.

    Args:
        inside: whether the page holds the pictures.
    """
    return [_section(contents, name, kept, inside) for name, kept in contents.studies.items()]


def _section(contents: Contents, name: str, kept: KeptStudy, inside: bool) -> StudySection:
    folder = contents.folder
    report = folder.study_report(name)
    findings = []
    for found in kept.findings:
        path = folder.study_figure(name, found.protocol)
        alt = f"Scores of {name} on {found.protocol}, and their differences"
        findings.append((found, picture(folder, path, alt, inside=inside) if path.is_file() else None))
    return StudySection(name, kept, folder.link(report) if report.is_file() else "", tuple(findings))
