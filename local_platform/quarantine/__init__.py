"""Quarantine as a workbench: look at refused messages, repair them, send them again."""
