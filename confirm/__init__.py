"""Confirmations: what docs/on-trust.md takes on trust, tried against a real AWS account."""
