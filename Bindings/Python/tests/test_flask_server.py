"""The Flask server wrapper, asked over HTTP on the loopback by a device with a vault."""

import base64
import json
import pathlib
import sys
import threading
import urllib.error
import urllib.request

import pytest
from werkzeug.serving import make_server

from provekeystore import US_UAT, Policy, Registry, Unlock, Vault

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "examples"))
from flask_server import make_app  # noqa: E402

ORIGIN, PHONE = "https://shop.example", "2001004014"


@pytest.fixture
def server(tmp_path):
    registry = Registry(f"sqlite:{tmp_path}/registry.sqlite", Unlock.raw_key(bytes(32)),
                        tenant="shop", build_config=US_UAT, policy=Policy(key_persistence=1))
    server = make_server("127.0.0.1", 0, make_app(registry), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()
    registry.close()


@pytest.fixture
def device(tmp_path):
    with Vault(str(tmp_path / "device.vault"), Unlock.raw_key(bytes(32))) as vault:
        yield vault


def ask(url, body=None, method="POST"):
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(asked) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def encoded(value):
    return base64.b64encode(value).decode()


def challenge_of(server):
    return base64.b64decode(ask(server + "/challenges", {})[1]["challenge"])


def enrol(server, device):
    _, decision = ask(server + "/decisions", {"phoneNumber": PHONE, "visitorId": "v",
                                              "visitorConfidence": 0.99})
    assert decision["outcome"] == "requirePossession" and decision["action"] == "place"
    challenge = challenge_of(server)
    device.place_key(US_UAT, ORIGIN)
    key = device.offer(US_UAT, ORIGIN, challenge)
    status, done = ask(server + "/completions", {
        "ticket": decision["ticket"], "verifiedPhoneNumber": PHONE,
        "challenge": encoded(challenge),
        "newKey": {"deviceId": key.device_id, "algorithm": key.algorithm,
                   "publicKey": encoded(key.public_key), "proof": encoded(key.proof)}})
    assert status == 200 and done["state"] == "bound"
    device.confirm_key(US_UAT, ORIGIN, key.device_id)
    return key.device_id


def present(server, device, device_id):
    challenge = challenge_of(server)
    return ask(server + "/decisions", {
        "phoneNumber": PHONE, "challenge": encoded(challenge),
        "assertion": encoded(device.sign(device_id, challenge))})


def test_a_placed_key_is_enough_until_it_is_revoked(server, device):
    device_id = enrol(server, device)
    _, decision = present(server, device, device_id)
    assert decision["outcome"] == "authenticate"
    assert ask(server + "/completions", {"ticket": decision["ticket"]})[0] == 200
    status, again = ask(server + "/completions", {"ticket": decision["ticket"]})
    assert status == 409 and again["error"] == "TICKET_SPENT"
    assert ask(f"{server}/devices/{device_id}", method="DELETE") == (200, {"revoked": True})
    _, decision = present(server, device, device_id)
    assert (decision["outcome"], decision["code"]) == ("reject", 8019)


def test_stored_ids_are_resolved_in_order(server, device):
    device_id = enrol(server, device)
    _, found = ask(server + "/resolve", {"deviceIds": ["unknown", device_id]})
    assert found["devices"][0] is None
    assert found["devices"][1] == {"deviceId": device_id, "state": "bound", "usable": True}


def test_a_stored_id_recovers_a_browser_that_lost_its_key(server, device):
    device_id = enrol(server, device)
    _, decision = ask(server + "/decisions", {
        "phoneNumber": PHONE, "deviceId": device_id, "visitorId": "v",
        "visitorConfidence": 0.99})
    assert decision["outcome"] == "recover"


def test_what_is_malformed_is_refused(server):
    assert ask(server + "/decisions", {"channel": "pigeon"})[0] == 400
    assert ask(server + "/decisions", {"phoneNumber": "12"})[1]["error"] == "PHONE_NUMBER"
    assert ask(server + "/resolve", [])[0] == 400
    assert ask(server + "/completions", {"ticket": "none"})[1]["error"] == "TICKET_UNKNOWN"
    assert ask(server + "/devices/none", method="DELETE")[0] == 404
