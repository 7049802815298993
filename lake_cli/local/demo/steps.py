"""The steps of the demo, each with its progress: events through the platform, the audit, the warehouse, the page."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from beam_pipeline.run_summary import RunSummary
from lake_cli.display import Display, Task
from lake_cli.errors import LakeError
from lake_cli.local import emulator as emulators
from lake_cli.local import ingestion, pubsub
from lake_cli.local.demo import audit as audits
from lake_cli.local.demo import ingest_run
from lake_cli.local.demo.audit import Audit
from lake_cli.local.demo.options import DemoOptions
from lake_cli.local.emulator import Emulator
from lake_cli.local.ingestion import IngestJob
from lake_cli.local.produce import MOST_WAITING
from lake_cli.local.pubsub import Route
from lake_cli.places import Places
from lake_cli.report import ReportError, render
from producer import PublishFailed, TopicUnavailable, publish_to_topic, simulate, write_to_file
from warehouse_runner import BuildResult, NodeDone, WarehouseError, build

# Not those of `lake up`: a demo on the same emulator leaves its messages alone.
_ROUTE: Final = Route(pubsub.LOCAL_PROJECT, "demo-events", "demo-events-lake")

# The job is ended once everything published is written; should that never come, it ends itself after this long.
_IDLE_SECONDS: Final = 30.0


class DemoFailed(LakeError):
    """A step could not be done; the message says which, and why."""

    exit_code = 1


def stream(options: DemoOptions, emulator: Emulator, display: Display) -> RunSummary:
    """Publish the shop's events to a topic, while the job reads them from the subscription."""
    # The emulator may be the user's own, and hold messages of an earlier demo: this one starts with none.
    pubsub.delete(emulator.address, _ROUTE)
    pubsub.create(emulator.address, _ROUTE)
    os.environ.update(emulators.client_environment(emulator.address))
    publish = display.task("publish", options.events)
    ingest = display.task("ingest", options.events)
    job = _job(options.places, subscription=_ROUTE.subscription, stop_after_idle_seconds=_IDLE_SECONDS)
    environment, log = ingestion.environment(), _ingest_log(options.places)
    with ingest_run.running(job, environment, log, ingest, lambda: emulators.check_runs(emulator)) as run:
        try:
            sent = publish_to_topic(
                simulate(options.simulation()),
                _ROUTE.topic,
                truth=options.places.truth,
                progress=_counting(publish, lambda sent: run.hold_back(sent, MOST_WAITING)),
            )
        except (PublishFailed, TopicUnavailable) as error:
            emulators.check_runs(emulator)
            raise DemoFailed(f"publishing to {_ROUTE.topic} failed: {error}") from None
        publish.finish(f"{sent.messages:,} messages, {sent.messages_per_second:,.0f}/s")
        return run.finish(sent.messages)


def through_file(options: DemoOptions, display: Display) -> RunSummary:
    """Write the shop's events to a file, and run the same job over it."""
    places = options.places
    write = display.task("write", options.events)
    sent = write_to_file(simulate(options.simulation()), places.messages, truth=places.truth, progress=_counting(write))
    write.finish(f"{sent.messages:,} messages, {sent.messages_per_second:,.0f}/s")
    ingest = display.task("ingest", options.events)
    job = _job(places, files=str(places.messages))
    with ingest_run.running(job, ingestion.environment(), _ingest_log(places), ingest) as run:
        return run.finish()


def check(places: Places, display: Display) -> Audit:
    """Compare what was published with what lies in the files."""
    task = display.task("audit")
    found = audits.audit(places, lambda files: task.update(files, "files read"))
    task.finish("; ".join([found.equation, *found.reasons]), failed=not found.holds)
    return found


def build_warehouse(places: Places, display: Display) -> BuildResult:
    """Build and test the warehouse with dbt."""
    task = display.task("dbt")

    def done(node: NodeDone) -> None:
        task.update(node.index, f"{node.kind} {node.name}", total=node.total)

    def starting(note: str) -> None:
        task.update(0, note)

    try:
        result = build(places.lake, places.quarantine, places.warehouse, on_node=done, on_start=starting)
    except WarehouseError as error:
        raise DemoFailed(f"the warehouse cannot be built: {error}") from None
    task.finish(
        f"{result.models_built:,} models built, {result.tests_passed:,} tests passed, {result.tests_failed:,} failed",
        failed=not result.succeeded,
    )
    return result


def render_page(options: DemoOptions, audit: Audit, ingested: RunSummary, display: Display) -> Path:
    """Render the page from the published reports."""
    task = display.task("page")
    facts = {
        "Account": audit.equation,
        "Ingestion": f"{ingested.messages_per_second:,.0f} messages a second, {ingested.objects:,} objects",
        "Simulated": f"{options.events:,} messages over {options.days} days, seed {options.seed}",
    }
    try:
        page = render(options.places.warehouse, options.places.page, facts)
    except ReportError as error:
        raise DemoFailed(f"the page cannot be rendered: {error}") from None
    task.finish(f"{page.stat().st_size / 1e6:,.1f} MB")
    return page


def _job(
    places: Places,
    *,
    subscription: str | None = None,
    files: str | None = None,
    stop_after_idle_seconds: float | None = None,
) -> IngestJob:
    return IngestJob(
        lake=places.lake,
        quarantine=places.quarantine,
        summary_file=places.ingest_summary,
        subscription=subscription,
        files=files,
        stop_after_idle_seconds=stop_after_idle_seconds,
    )


def _ingest_log(places: Places) -> Path:
    return places.logs / "ingest.log"


def _counting(task: Task, then: Callable[[int], None] = lambda _sent: None) -> Callable[[int], None]:
    """The producer tells what it sent since it last told; a task, and whatever comes then, want the sum."""
    sent = 0

    def progress(more: int) -> None:
        nonlocal sent
        sent += more
        task.update(sent)
        then(sent)

    return progress
