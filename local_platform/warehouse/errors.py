"""What stops a build before dbt can say anything about it."""

from local_platform.errors import LakeError


class WarehouseError(LakeError):
    """A build that cannot start or cannot be understood; the message names the value and the remedy."""
