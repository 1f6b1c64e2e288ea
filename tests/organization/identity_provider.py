"""A small OpenID provider of our own on a local port: real HTTP, real keys, real signatures; what it says is for the
test to choose."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode
from wsgiref.simple_server import WSGIRequestHandler, make_server

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

KID = "the-one-key"


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@dataclass
class Provider:
    """``says`` overrides claims of the next tokens (None leaves one out); ``signs_with`` another key or way."""

    url: str = ""
    says: dict[str, Any] = field(default_factory=dict)
    key: Any = None
    algorithm: str = "RS256"
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    tokens: int = 0

    def __post_init__(self) -> None:
        self.public = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.key = self.public

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        path = environ["PATH_INFO"]
        query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        if path == "/.well-known/openid-configuration":
            return self._json(start_response, self._configuration())
        if path == "/keys":
            return self._json(start_response, {"keys": [self._jwk()]})
        if path == "/authorize":
            return self._authorize(start_response, query)
        if path == "/token":
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
            return self._token(start_response, {name: values[0] for name, values in parse_qs(body).items()})
        return self._json(start_response, {}, "404 Not Found")

    def _configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def _jwk(self) -> dict[str, Any]:
        drawn: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.public.public_key()))
        return {**drawn, "kid": KID, "alg": "RS256", "use": "sig"}

    def _authorize(self, start_response: Any, query: dict[str, str]) -> list[bytes]:
        """Whoever asks is signed in here already: the code goes straight back."""
        self.asked.append(query)
        code = f"code-{len(self.asked)}"
        self.codes[code] = query
        target = f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"
        start_response("302 Found", [("Location", target)])
        return [b""]

    def _token(self, start_response: Any, form: dict[str, str]) -> list[bytes]:
        query = self.codes.pop(form.get("code", ""), None)
        digest = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            query is None
            or form.get("client_secret") != "the-secret"
            or query.get("code_challenge_method") != "S256"
            or digest.decode().rstrip("=") != query.get("code_challenge")
        ):
            return self._json(start_response, {"error": "invalid_grant"}, "400 Bad Request")
        now = int(time.time())
        self.tokens += 1
        claims = {
            "iss": self.url,
            "aud": query["client_id"],
            "sub": "somebody-42",
            "nonce": query.get("nonce"),
            "iat": now,
            "exp": now + 300,
            "email": "ada@example.org",
            "email_verified": True,
            **self.says,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        token = jwt.encode(claims, self.key, algorithm=self.algorithm, headers={"kid": KID})
        return self._json(start_response, {"access_token": "opaque", "token_type": "Bearer", "id_token": token})

    def _json(self, start_response: Any, content: object, status: str = "200 OK") -> list[bytes]:
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(content).encode()]


@contextmanager
def provider_running() -> Iterator[Provider]:
    """The provider, for as long as a test needs it."""
    provider = Provider()
    with make_server("127.0.0.1", 0, provider, handler_class=Quiet) as server:
        provider.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()
