"""What runs in the Python that has Airflow."""
