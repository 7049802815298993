"""The second year: `lake compact`, `lake erase` and `lake audit`."""
