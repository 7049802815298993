"""Quarantine as a workbench: look at quarantined messages, repair them, send them again."""
