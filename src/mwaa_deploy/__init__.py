"""Test, plan and deploy Apache Airflow DAGs to Amazon MWAA."""

__version__ = "0.1.0"
