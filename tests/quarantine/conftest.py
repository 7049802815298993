"""Quarantines written by the real graph, and the command line that works on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from beam_pipeline.config import IngestionConfig
from beam_pipeline.messages import Message
from beam_pipeline.microbatch.graph import MicroBatchGraph
from lake_cli.quarantine.cli import app
from tests.gcs import gcs
from tests.samples import PUBLISH_MICROS, event, payload, without

__all__ = ["gcs"]

SECRETS = ("zoe@example.com", "Zoë Müller", "1 High St", "50667", "Köln", "sneaky@example.org")


@dataclass(frozen=True)
class Quarantine:
    """Lake and quarantine under test."""

    lake: str
    root: str

    def ingest(self, messages: Iterable[Message], mappings: str = "") -> None:
        """Writes messages as one micro-batch."""
        config = IngestionConfig(
            output_path=self.lake, quarantine_path=self.root, pipeline_version="test", mappings=mappings
        )
        MicroBatchGraph(config).run([list(messages)])

    def call(self, command: str, *arguments: str) -> Result:
        """`lake quarantine COMMAND`."""
        return CliRunner().invoke(app, [command, *arguments, f"--quarantine-path={self.root}"])

    def ok(self, command: str, *arguments: str) -> str:
        """The same; what it printed, after making sure that it worked."""
        result = self.call(command, *arguments)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.stdout


def refused_messages() -> list[Message]:
    """Ways to be refused, personal data in each."""
    registered = event("user_registered")
    bodies = [
        b'{"name":"Zo\xc3\xab M\xc3\xbcller","email":"zoe@example.com",}',
        b'{"email":"zoe@example.com","city":"K\xf6ln"}',
        payload({**registered, "signup_method": "fax"}),
        payload(without(registered, "city")),
        payload({**registered, "e_mail": "sneaky@example.org", "marketing_opt_in": "yes"}),
        payload(event("order_completed", total="1.00")),
        payload({**registered, "event_type": {"name": "Zoë Müller", "postal": "50667"}}),
    ]
    return [
        Message(body, f"m-{number}", PUBLISH_MICROS + number * 3_600_000_000, {"origin": "test"})
        for number, body in enumerate(bodies)
    ]


@pytest.fixture
def quarantine(tmp_path: Path) -> Quarantine:
    """A folder with one message of each kind."""
    made = Quarantine(str(tmp_path / "lake"), str(tmp_path / "quarantine"))
    made.ingest(refused_messages())
    return made
