"""Proofs about deployments: random histories in a model of the world, and a crash at every call in the lab."""
