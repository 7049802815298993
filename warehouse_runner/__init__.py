"""The warehouse's runner: which days changed in the lake, and dbt over exactly those days."""

from warehouse_runner.build import BuildResult, build
from warehouse_runner.changes import Changes, find_changes
from warehouse_runner.dbt_run import NodeDone
from warehouse_runner.errors import WarehouseError

__all__ = ["BuildResult", "Changes", "NodeDone", "WarehouseError", "build", "find_changes"]
