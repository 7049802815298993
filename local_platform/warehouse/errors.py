"""What stops a build before dbt can say anything about it."""


class WarehouseError(Exception):
    """A build that cannot start or cannot be understood; the message names the value and the remedy."""
