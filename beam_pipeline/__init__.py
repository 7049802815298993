"""The ingestion job: Pub/Sub or files in, a Hive-partitioned lake and a quarantine out."""
