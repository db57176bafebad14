"""What the DAGs of this project share; plugins.zip puts it on Airflow's import path."""
