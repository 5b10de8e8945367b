"""Run checks on a plugin one by one. Whatever the plugin raises becomes the reason of a failed check."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from posebench.plugins.plugin_errors import reason

Outcome = Literal["passed", "failed", "skipped"]


class Broken(Exception):
    """A check failed: the reason, and the fix."""

    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.reason, self.fix = reason, fix


class Unsettled(Exception):
    """The check does not apply to this plugin, or cannot decide: the reason."""


@dataclass(frozen=True)
class Check:
    """One check of a plugin.

    Attributes:
        name: one word.
        promise: what holds if the check passes.
        test: takes the subject and returns what it measured; raises `Broken` or `Unsettled`. Any other exception is
            the plugin's, and fails the check.
        needs: names of checks that must pass first.
    """

    name: str
    promise: str
    test: Callable[[Any], str]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        check, promise: of the check.
        outcome: `skipped` where it does not apply, or cannot tell; the detail says why.
        detail: what was measured, or the reason for the failure.
        fix: what to do; empty unless it failed.
        seconds: how long it took.
    """

    check: str
    promise: str
    outcome: Outcome
    detail: str
    fix: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Proof:
    """All findings on one plugin.

    Attributes:
        kind: `architecture` or `protocol`.
        origin: package, version and target of the plugin.
        facts: what it costs, by name.
    """

    name: str
    kind: str
    origin: str
    findings: tuple[Finding, ...]
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The findings that failed."""
        return tuple(finding for finding in self.findings if finding.outcome == "failed")

    def as_json(self) -> dict[str, Any]:
        """Plain values, with `passed` for all checks together."""
        return {"passed": not self.failed, **asdict(self)}


def examine(checks: Sequence[Check], subject: Any) -> Iterator[Finding]:
    """Run each check on `subject`; a check is skipped when one that it needs did not pass."""
    passed: set[str] = set()
    for check in checks:
        lacking = [name for name in check.needs if name not in passed]
        if lacking:
            yield Finding(check.name, check.promise, "skipped", f"needs {lacking[0]!r}, which did not pass.")
            continue
        finding = _one(check, subject)
        if finding.outcome == "passed":
            passed.add(check.name)
        yield finding


def _one(check: Check, subject: Any) -> Finding:
    started = time.monotonic()
    fix = ""
    outcome: Outcome = "passed"
    try:
        detail = check.test(subject)
    except KeyboardInterrupt:
        raise
    except Unsettled as why:
        outcome, detail = "skipped", str(why)
    except Broken as broken:
        outcome, detail, fix = "failed", broken.reason, broken.fix
    except BaseException as error:  # a plugin may raise anything, SystemExit too
        outcome, detail = "failed", reason(error)
        fix = "Raise nothing here, or a PosebenchError that says which values are supported."
    return Finding(check.name, check.promise, outcome, detail, fix, time.monotonic() - started)
