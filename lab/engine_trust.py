"""This machine's Docker Engine, told to trust a registry of the lab for as long as that runs."""

import ipaddress
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CERTIFICATES = Path("/etc/docker/certs.d")
"""Read by the engine at each pull (Docker documentation, 'Verify repository client with certificates')."""


def bridge_address() -> str:
    """This machine's address as containers see it: the gateway of the engine's default bridge.

    Raises:
        OSError: no engine answers.
    """
    argv = ["docker", "network", "inspect", "bridge", "--format", "{{json .IPAM.Config}}"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        msg = f"The address of the engine's bridge is not known: {done.stderr.strip()}"
        raise OSError(msg)
    network = next(entry for entry in json.loads(done.stdout) if ":" not in entry["Subnet"])
    # Where none is configured, the engine takes the first address.
    return str(network.get("Gateway") or next(ipaddress.ip_network(network["Subnet"]).hosts()))


@contextmanager
def trusted(registry: str, authority: Path) -> Iterator[None]:
    """Have the engine trust a registry's authority inside the block. Needs root, or sudo that asks nothing.

    Args:
        registry: host and port.
        authority: file with its certificate.

    Raises:
        CalledProcessError: neither root nor sudo.
    """
    folder = CERTIFICATES / registry
    parents = [path for path in (CERTIFICATES, CERTIFICATES.parent) if not path.exists()]
    _as_root("mkdir", "-p", str(folder))
    try:
        _as_root("cp", str(authority), str(folder / "ca.crt"))
        yield
    finally:
        _as_root("rm", "-rf", str(folder))
        for path in parents:
            _as_root("rmdir", "--ignore-fail-on-non-empty", str(path))


def _as_root(*argv: str) -> None:
    sudo = [] if os.getuid() == 0 else ["sudo", "-n"]
    subprocess.run([*sudo, *argv], check=True)
