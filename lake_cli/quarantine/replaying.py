"""`lake quarantine replay`: plan, tell, and send if asked to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer

from lake_cli.errors import LakeError
from lake_cli.local import emulator as emulators
from lake_cli.local.live import state as states
from lake_cli.quarantine.exporting import export
from lake_cli.quarantine.planning import Plan, Rules, Tally
from lake_cli.quarantine.reading import Refused
from lake_cli.quarantine.repair import read_fixed
from lake_cli.quarantine.selection import Selection

_MOST_NAMED: Final = 10


@dataclass(frozen=True)
class Destination:
    """Where a replay goes: a topic, or a file for repair; and where from, if not from the quarantine itself."""

    topic: str | None
    to_file: Path | None
    fixed: Path | None
    yes: bool
    rate: float


def replay(root: str, selection: Selection, rules: Rules, destination: Destination, run_folder: Path) -> None:
    """Says what would be sent; sends it if `destination.yes`.

    Raises:
        LakeError: a file or the topic is not right, or sending failed in the middle.
    """
    plan = Plan(root, rules)
    if destination.to_file is not None:
        _to_file(plan, selection, destination.to_file)
        return
    fixed = destination.fixed
    candidates = plan.of_selection(selection) if fixed is None else plan.of_fixed(read_fixed(fixed))
    if not destination.yes:
        for _ in candidates:
            pass
        _tell(plan.tally, "would be sent")
        typer.echo("Nothing was sent: add --yes to send.")
        return
    from lake_cli.quarantine.sending import send

    skipped: list[str] = []
    sent = send(
        root,
        _topic(destination.topic, run_folder),
        candidates,
        destination.rate,
        _progress,
        lambda candidate, why: skipped.append(f"{candidate.case}: {why}"),
    )
    _tell(plan.tally, "to send" if skipped else "sent")
    if skipped:
        typer.echo(f"  {len(skipped):,} not sent, Pub/Sub does not take them: {'; '.join(skipped[:_MOST_NAMED])}")
    if sent:
        typer.echo("What is refused again comes back with a higher attempt: see `lake quarantine list`.")


def _to_file(plan: Plan, selection: Selection, file: Path) -> None:
    wanted = {candidate.case for candidate in plan.of_selection(selection)}
    written, _ = export(_once(plan.latest(selection), wanted), file, "repair")
    _tell(plan.tally, "written")
    typer.echo(f"Correct the {written:,} messages in {file}, then: lake quarantine replay --fixed {file}")


def _once(messages: Iterator[Refused], cases: set[str]) -> Iterator[Refused]:
    for refused in messages:
        if refused.case in cases:
            cases.remove(refused.case)
            yield refused


def _topic(given: str | None, run_folder: Path) -> str:
    state = states.load(run_folder)
    if state is not None and given in (None, state.topic):
        address = os.environ.get(emulators.HOST_VARIABLE) or state.emulator.address
        os.environ.update(emulators.client_environment(address))
        return state.topic
    if given is None:
        raise LakeError("no topic: give --topic projects/P/topics/T, or run `lake up` to send to its own")
    return given


def _progress(sent: int) -> None:
    if sent % 5000 == 0:
        typer.echo(f"{sent:,} sent", err=True)


def _tell(tally: Tally, verb: str) -> None:
    typer.echo(f"{tally.to_send:,} messages {verb}: {tally.valid:,} that the contract accepts now")
    for code, count in tally.refused.most_common():
        typer.echo(f"  {count:,} still {code}")
    for count, why in (
        (tally.sent_before, "left out: sent before (--again sends them again)"),
        (tally.attempts_exhausted, "left out: sent as often as --max-attempts allows"),
        (tally.left_out, "left out: the contract still refuses them"),
        (tally.repeats, "left out: the same message, or an earlier attempt of it"),
        (tally.unknown, "left out: not of this quarantine"),
    ):
        if count:
            typer.echo(f"  {count:,} {why}")
