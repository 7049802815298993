"""Entry point: checked options, then the runner they name."""

import sys
from collections.abc import Sequence

from apache_beam.options.pipeline_options import GoogleCloudOptions, StandardOptions

from beam_pipeline.command_line import parse, report
from beam_pipeline.pipeline import build_pipeline


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job. DataflowRunner: submits it and returns. DirectRunner: runs it here until it is done or stopped.

    Returns:
        The exit code: 0 done, 1 failed, 2 wrong options (raised as SystemExit by `command_line.parse`).
    """
    options = parse(sys.argv[1:] if argv is None else argv)
    if options.view_as(StandardOptions).runner == "DataflowRunner":
        result = build_pipeline(options).run()
        template = options.view_as(GoogleCloudOptions).template_location
        report(f"Wrote the job to {template}." if template else f"Submitted to Dataflow as job {result.job_id()}.")
        return 0
    # Imported here: the Pub/Sub client that it pulls with is slow to import, and Dataflow's workers do without it.
    from beam_pipeline.microbatch.run import run

    return run(options)
