"""The manifest as a workbench: compare it with what lake and quarantine hold, and repair it."""
