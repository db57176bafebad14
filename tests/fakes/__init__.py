"""One stateful, in-memory fake per port, each held to the real adapter by a contract test in tests/contract."""
