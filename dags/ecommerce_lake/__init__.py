"""What the DAGs of the e-commerce lake are made of: settings, gates, dbt tasks, alerts.

Imports Airflow and nothing else of this repository: Composer has the DAGs folder and no more.
"""
