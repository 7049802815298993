"""Airflow on one machine, and the commands that the DAGs run in dbt's environment."""
