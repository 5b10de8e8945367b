"""Run all checks on a plugin.

from posebench.plugin_checks.suite import prove
assert not prove("architecture", "mynet").failed
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import wraps
from typing import TYPE_CHECKING, Any

from posebench.errors import unknown
from posebench.plugin_checks.runner import Check, Finding, Proof, Unsettled, examine
from posebench.plugins import registry
from posebench.plugins.registry import Kind

if TYPE_CHECKING:
    from posebench.plugin_checks.subject import ProgressDisplay

TRAINING_SECONDS = 120.0


def kinds(name: str) -> list[Kind]:
    """Which kinds of plugin have this name.

    Raises:
        PosebenchError: none has; the nearest name is suggested.
    """
    every: tuple[Kind, ...] = ("architecture", "protocol")
    known = {kind: {plugin.name for plugin in registry.installed(kind)} for kind in every}
    found = [kind for kind in every if name.partition(":")[0] in known[kind]]  # a variant may stand after a colon
    if not found:
        raise unknown("plugin", name, set().union(*known.values()), label="Installed")
    return found


def prove(
    kind: Kind,
    name: str,
    *,
    train: bool = True,
    seconds: float = TRAINING_SECONDS,
    only: Collection[str] | None = None,
    watch: "ProgressDisplay | None" = None,
    tell: Callable[[Finding], None] = lambda finding: None,
) -> Proof:
    """Run the checks of its kind on the plugin of that name, on the CPU, with fixed seeds.

    Args:
        train: with the check that trains, the longest one.
        seconds: the most that training may take.
        only: names of the checks to make, with those that they need; None for all.
        watch: opens a progress display for work of the title that it is given, and yields its update function.
        tell: called with each finding as it is made.

    Returns:
        All findings, whatever the plugin raises.

    Raises:
        PosebenchError: there is no such plugin or check, or two packages offer it.
    """
    plugin = registry.find(kind, name)
    checks, subject, isolated = _protocol(name) if kind == "protocol" else _architecture(name, train, seconds, watch)
    findings = []
    with isolated:
        for finding in examine(_chosen(checks, only), subject):
            findings.append(finding)
            tell(finding)
        facts: dict[str, Any] = {}
        if kind == "architecture" and only is None and findings[0].outcome == "passed":
            facts = _facts(subject)
    return Proof(name, kind, f"{plugin.package} {plugin.version}, {plugin.target}", tuple(findings), facts)


def _architecture(
    name: str, train: bool, seconds: float, watch: "ProgressDisplay | None"
) -> tuple[list[Check], Any, AbstractContextManager[Any]]:
    from posebench.plugin_checks import behaviour, contract
    from posebench.plugin_checks.subject import Subject, unwatched
    from posebench.plugin_checks.training import learns

    tests: list[tuple[str, Callable[[Any], str], tuple[str, ...]]] = [
        ("builds", contract.builds, ()),
        ("shapes", contract.shapes, ("builds",)),
        ("odd sizes", contract.odd_sizes, ("shapes",)),
        ("meta", contract.meta, ("builds",)),
        ("paper", contract.paper, ("builds",)),
        ("loss", contract.loss, ("shapes",)),
        ("gradients", behaviour.gradients, ("shapes",)),
        ("repeats", behaviour.repeats, ("shapes",)),
        ("alone", behaviour.alone, ("repeats",)),
        ("bf16", behaviour.autocast, ("shapes",)),
        ("checkpoint", contract.checkpoint, ("repeats",)),
        ("target", behaviour.target, ("shapes", "loss")),
        ("mirror", behaviour.mirror, ("shapes",)),
    ]
    tests.append(("learns", learns if train else _left_out(learns), ("shapes", "loss")))
    subject = Subject(name, seconds, watch or unwatched)
    return _checks(tests), subject, _alone()


def _left_out(test: Callable[[Any], str]) -> Callable[[Any], str]:
    """A test that is skipped because the caller did not want it."""

    @wraps(test)
    def skip(subject: Any) -> str:
        raise Unsettled("left out by --no-train.")

    return skip


@contextmanager
def _alone() -> Iterator[None]:
    """Leave torch's random state as it was; and one thread, so that findings do not depend on the machine's cores.

    On the small tensors of these checks one thread is as fast as several, and much faster beside other work.
    """
    import torch

    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def _protocol(name: str) -> tuple[list[Check], Any, AbstractContextManager[Any]]:
    from posebench.plugin_checks import protocol

    tests: list[tuple[str, Callable[[Any], str], tuple[str, ...]]] = [
        ("identity", protocol.identity, ()),
        ("rules", protocol.rules, ("identity",)),
        ("truth", protocol.truth, ("rules",)),
        ("falsehood", protocol.falsehood, ("truth",)),
        ("order", protocol.order, ("truth",)),
        ("missing", protocol.missing, ("truth",)),
        ("folder", protocol.folder, ("rules",)),
    ]
    return _checks(tests), protocol.ProtocolSubject(name), nullcontext()


def _checks(tests: list[tuple[str, Callable[[Any], str], tuple[str, ...]]]) -> list[Check]:
    """Checks of tests: a check's promise is its test's docstring."""
    return [Check(name, (test.__doc__ or "").strip(), test, needs) for name, test, needs in tests]


def _chosen(checks: list[Check], only: Collection[str] | None) -> list[Check]:
    """The checks of these names and, as each stands after what it needs, everything below them."""
    wanted = {check.name for check in checks} if only is None else set(only)
    if strange := wanted - {check.name for check in checks}:
        raise unknown("check", min(strange), (check.name for check in checks))
    for check in reversed(checks):
        if check.name in wanted:
            wanted |= set(check.needs)
    return [check for check in checks if check.name in wanted]


def _facts(subject: Any) -> dict[str, Any]:
    from posebench.plugin_checks.training import costs

    try:
        return costs(subject)
    except Exception:  # the checks have reported what is wrong
        return {}
