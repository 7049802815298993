"""What goes wrong in a way that the operator can put right."""


class WarehouseError(Exception):
    """One line for the operator: what was wrong, which value, what to do. Commands print it without a traceback."""
