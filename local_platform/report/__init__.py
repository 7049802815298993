"""The report: one static page made from the published reporting models, readable offline."""

from local_platform.report.page import ReportError, render

__all__ = ["ReportError", "render"]
