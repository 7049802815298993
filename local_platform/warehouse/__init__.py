"""The warehouse's runner: which days changed in the lake, and dbt over exactly those days."""

from local_platform.warehouse.build import BuildResult, build
from local_platform.warehouse.changes import Changes, find_changes
from local_platform.warehouse.dbt_run import NodeDone
from local_platform.warehouse.errors import WarehouseError

__all__ = ["BuildResult", "Changes", "NodeDone", "WarehouseError", "build", "find_changes"]
