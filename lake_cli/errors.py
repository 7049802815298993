"""What goes wrong in a way that the person at the keyboard can put right."""

from __future__ import annotations


class LakeError(Exception):
    """One line for the user: what was wrong, which value, what to do. The command ends with `exit_code`, without a traceback."""

    exit_code = 2
