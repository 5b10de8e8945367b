"""What is said of an annotation file that is not the whole published split: its scores are not comparable with published ones."""

from pathlib import Path

from posebench.errors import PosebenchError


def size_notes(file: Path, what: str, counts: dict[str, tuple[int, int]]) -> tuple[str, ...]:
    """A sentence where a file has another number of people or images than the split.

    Args:
        what: the split, such as `MPII val`.
        counts: such as `people` → (number in the file, number in the split).
    """
    differing = [f"{found:,} of the {known:,} {name}" for name, (found, known) in counts.items() if found < known]
    more = [f"{found:,} {name} instead of {known:,}" for name, (found, known) in counts.items() if found > known]
    if not (differing or more):
        return ()
    return (
        f"{file.name} has {' and '.join(differing + more)} of {what}: scores are not comparable with published ones.",
    )


def other_split(file: Path, reason: str, asked: str, fix: str) -> PosebenchError:
    """The error of a file that holds another split than `asked`, such as `MPII val`.

    Args:
        reason: what the file has, such as `has 22,246 people, as MPII train`. fix: the split to type.
    """
    return PosebenchError(f"{file} {reason}, but {asked} was asked for. Use --split {fix}.")
