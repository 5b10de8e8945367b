"""Versions: what made a record, where it is not what is installed."""

import posebench
from posebench.plugins.protocol import Protocol
from posebench.results.record import Record


def other_versions(record: Record, protocol: Protocol | None) -> tuple[str, ...]:
    """A sentence for each version that differs from the installed one.

    Args:
        protocol: the installed one; None where it is not installed.
    """
    notes = []
    if protocol is not None and protocol.version != record.rule.version:
        notes.append(
            f"The record is by version {record.rule.version} of the protocol {protocol.name}; version {protocol.version} is "
            "installed, whose numbers may be others. Both are shown. Install the record's version to verify it."
        )
    made_by = record.environment.get("posebench", "an unknown version")
    if made_by != posebench.__version__:
        notes.append(f"The record was made by posebench {made_by}; this is posebench {posebench.__version__}.")
    return tuple(notes)
