"""A container registry with a password: `python -m lab.registry --port 5000 --user AWS --password-file FILE`.

It is Debian's docker-registry (package docker-registry); this writes its configuration and becomes it. With `--tls` it
listens where containers reach it too, and this machine's engine trusts it while it runs.
"""

import argparse
import base64
import ctypes
import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.certificates import certify
from lab.engine_trust import bridge_address, trusted
from lab.web import LOOPBACK, terminated

BINARY = "docker-registry"
_INSTALL = f"{BINARY} is not installed. On Debian or Ubuntu:\n  apt-get install --no-install-recommends {BINARY}"


def bcrypt(password: str) -> str:
    """A password's bcrypt hash, by the C library's crypt(3): the only kind that docker-registry takes.

    Raises:
        OSError: there is no libcrypt, or it has no bcrypt.
    """
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    letters = base64.b64encode(secrets.token_bytes(16), altchars=b"./")[:21]
    # The 22nd character carries two bits only.
    hashed: bytes | None = library.crypt(password.encode(), b"$2b$10$" + letters + b"O")
    if not hashed or not hashed.startswith(b"$2b$"):
        msg = "libcrypt.so.1 has no bcrypt"
        raise OSError(msg)
    return hashed.decode()


def prepare(folder: Path, *, address: str, user: str, password: str, tls: bool = False) -> Path:
    """Write configuration, password file and, with tls, certificates; the path of the configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    passwords = folder / "htpasswd"
    passwords.write_text(f"{user}:{bcrypt(password)}\n", encoding="utf-8")
    configuration: dict[str, Any] = {
        "version": "0.1",
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder.resolve() / "data")}, "delete": {"enabled": True}},
        # Without a time to drain, the registry dies of SIGTERM instead of ending.
        "http": {"addr": address, "draintimeout": "1s", "secret": secrets.token_hex(16)},
        "auth": {"htpasswd": {"realm": "lab", "path": str(passwords.resolve())}},
    }
    if tls:
        certificate = certify(address.rpartition(":")[0])
        authority_file(folder).write_bytes(certificate.authority)
        files = {"certificate": folder.resolve() / "server.crt", "key": folder.resolve() / "server.key"}
        files["certificate"].write_bytes(certificate.certificate)
        files["key"].touch(mode=0o600)
        files["key"].write_bytes(certificate.key)
        configuration["http"]["tls"] = {name: str(file) for name, file in files.items()}
    path = folder / "config.yml"
    path.write_text(json.dumps(configuration, indent=2), encoding="utf-8")  # JSON is YAML, and quotes every path
    return path


def authority_file(folder: Path) -> Path:
    """Where the certificate of the registry's authority is, with tls."""
    return folder / "ca.crt"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lab.registry", description="A container registry.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--user", required=True)
    parser.add_argument("--password-file", type=Path, required=True)
    parser.add_argument("--folder", type=Path, default=Path(".lab/registry"), help="where images are kept")
    parser.add_argument("--tls", action="store_true", help="TLS, on the bridge's address, trusted by the engine")
    options = parser.parse_args()
    binary = shutil.which(BINARY)
    if binary is None:
        sys.exit(_INSTALL)
    address = f"{bridge_address() if options.tls else LOOPBACK}:{options.port}"
    password = options.password_file.read_text(encoding="utf-8").strip()
    configuration = prepare(options.folder, address=address, user=options.user, password=password, tls=options.tls)
    argv = [binary, "serve", str(configuration)]
    if options.tls:
        with trusted(address, authority_file(options.folder)):
            sys.exit(_supervise(argv, lambda: print(f"The registry listens on https://{address}", flush=True)))
    print(f"The registry listens on http://{address}", flush=True)
    os.execv(binary, argv)  # noqa: S606 -- no shell, on purpose


def _supervise(argv: list[str], tell: Callable[[], None]) -> int:
    """Run the registry until it ends, or until SIGTERM or SIGINT: somebody has to stay who takes the trust away."""
    with terminated() as over:
        registry = subprocess.Popen(argv, start_new_session=True)

        def watch() -> None:
            registry.wait()
            over.set()

        threading.Thread(target=watch, daemon=True).start()
        tell()
        over.wait()
        registry.terminate()
        return registry.wait()


if __name__ == "__main__":
    main()
