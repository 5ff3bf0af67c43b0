"""A server wrapper in Flask: resolves stored deviceIds and decides authentications.

    PROVE_STORE=sqlite:registry.sqlite PROVE_KEY_FILE=registry.key \
        flask --app flask_server run --host 127.0.0.1

It trusts whoever can reach it, as a service behind an integrator's own back end does. That back end
tells a device no more than the outcome and a code, and SIGNATURE_INVALID as it tells possession required:
who tries out deviceIds must not learn which there are.
"""

from __future__ import annotations

import base64
import os
from typing import Any, Optional, Tuple

from flask import Flask, jsonify, request
from provekeystore import US_UAT, NewKey, Policy, Registry, StoreError, Unlock

# What a caller can mend, by the name of the error; the rest is the server's.
_STATUS = {"UNKNOWN_DEVICE": 404, "DEVICE_REVOKED": 409, "PLAN_STALE": 409, "TICKET_SPENT": 409,
           "TICKET_EXPIRED": 409, "CHALLENGE_SPENT": 409, "CHALLENGE_EXPIRED": 409,
           "UNAVAILABLE": 503, "CONTENTION": 503, "DISK_FULL": 503, "IO": 500, "DAMAGED": 500,
           "INTERNAL": 500}


def make_app(registry: Registry) -> Flask:
    app = Flask(__name__)

    @app.errorhandler(StoreError)
    def refused(error: StoreError) -> Tuple[Any, int]:
        return jsonify(error=error.name), _STATUS.get(error.name, 400)

    @app.post("/challenges")
    def challenge() -> Any:
        return jsonify(challenge=_base64(registry.challenge()))

    @app.post("/resolve")
    def resolve() -> Any:
        found = registry.resolve_many(_body()["deviceIds"])
        return jsonify(devices=[
            None if one is None else {
                "deviceId": one.device_id, "state": one.state,
                "usable": one.state == "bound" and not one.is_inactive and not one.is_suspended,
            } for one in found])

    @app.post("/decisions")
    def decide() -> Any:
        body = _body()
        decision = registry.decide(
            body.get("channel", "mobile"), phone_number=body.get("phoneNumber"),
            prove_id=body.get("proveId"), stored_device_id=body.get("deviceId"),
            visitor_id=body.get("visitorId"),
            visitor_confidence=float(body.get("visitorConfidence", 0)),
            rebind=bool(body.get("rebind", False)), assertion=_bytes(body.get("assertion")),
            challenge=_bytes(body.get("challenge")))
        return jsonify(row=decision.row, outcome=decision.outcome, action=decision.action,
                       reason=decision.reason, code=decision.wire_code, ticket=decision.ticket)

    @app.post("/completions")
    def complete() -> Any:
        body = _body()
        key = body.get("newKey")
        done = registry.complete(
            body["ticket"], verified_phone_number=body.get("verifiedPhoneNumber"),
            failed=bool(body.get("failed", False)),
            new_key=key and NewKey(key["deviceId"], int(key["algorithm"]),
                                   _bytes(key["publicKey"]) or b"", _bytes(key["proof"]) or b""),
            challenge=_bytes(body.get("challenge")))
        return jsonify(deviceId=done and done.device_id, state=done and done.state)

    @app.delete("/devices/<device_id>")
    def revoke(device_id: str) -> Any:
        return jsonify(revoked=registry.revoke(device_id, actor="server"))

    @app.errorhandler(KeyError)
    @app.errorhandler(TypeError)
    @app.errorhandler(ValueError)
    def malformed(_: Exception) -> Tuple[Any, int]:
        return jsonify(error="MALFORMED"), 400

    return app


def _body() -> Any:
    body = request.get_json()
    if not isinstance(body, dict):
        raise ValueError("a request is an object")
    return body


def _bytes(text: Optional[str]) -> Optional[bytes]:
    return None if text is None else base64.b64decode(text, validate=True)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def create_app() -> Flask:
    """What `flask run` looks for."""
    return make_app(Registry(
        os.environ["PROVE_STORE"], Unlock.key_file(os.environ["PROVE_KEY_FILE"]), tenant="shop",
        build_config=US_UAT, policy=Policy(key_persistence=1)))
