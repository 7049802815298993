"""The platform on one machine: Pub/Sub emulator, micro-batch ingestion, warehouse, page, and the `lake` command."""
