"""The report: one static page made from the published reporting models, readable offline."""

from lake_cli.report.page import ReportError, render

__all__ = ["ReportError", "render"]
