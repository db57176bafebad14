"""Live Airflows: one real Airflow for each MWAA environment of the lab."""
