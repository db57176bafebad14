"""The target: one MWAA environment with its bucket and its stack."""
