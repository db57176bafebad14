"""The test world: AWS, GitHub, an OIDC issuer, a registry and a live Airflow on this computer."""
