"""Fixtures of several files here."""

from tests.fixtures.registry import aws_of_registry, registry_host, registry_world

__all__ = ["aws_of_registry", "registry_host", "registry_world"]
