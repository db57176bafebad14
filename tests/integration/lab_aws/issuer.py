"""An issuer of tokens like GitHub's, with its keys served over HTTP."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

AUDIENCE = "sts.amazonaws.com"


class Issuer:
    """Serves its keys at <url>/.well-known/jwks while it is entered."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        document = {"keys": [{**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key())), "kid": "one"}]}
        body = json.dumps(document).encode()

        class Keys(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200 if self.path == "/.well-known/jwks" else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def token(self, *, key: rsa.RSAPrivateKey | None = None, kid: str = "one", **claims: Any) -> str:
        """A token for a push to octo/flows, with claims added or replaced; None removes one."""
        now = int(time.time())
        standard = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "repo:octo/flows:ref:refs/heads/main",
            "iat": now,
            "nbf": now - 60,
            "exp": now + 300,
        }
        held = {name: value for name, value in {**standard, **claims}.items() if value is not None}
        return jwt.encode(held, key or self._key, algorithm="RS256", headers={"kid": kid})
