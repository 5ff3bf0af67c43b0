"""The module's registry outside a flow, each promise by its name."""

import pytest

from provekeystore import US_UAT, Registry, StoreError, Unlock, Vault

ORIGIN, PHONE = "https://shop.example", "+12001004014"


@pytest.fixture
def registry(tmp_path):
    with Registry(f"sqlite:{tmp_path}/registry.sqlite", Unlock.raw_key(bytes(32)), tenant="shop",
                  build_config=US_UAT) as registry:
        yield registry


@pytest.fixture
def device(tmp_path):
    with Vault(str(tmp_path / "device.vault"), Unlock.raw_key(bytes(32))) as vault:
        yield vault


def place(registry, device):
    challenge = registry.challenge()
    key = device.place_key(US_UAT, ORIGIN)
    placed = registry.place(device.offer(US_UAT, ORIGIN, challenge), challenge, "mobile",
                            device_name="Ann's phone", client_customer_id="customer-7")
    assert (placed.device_id, placed.state) == (key.device_id, "placed")
    device.confirm_key(US_UAT, ORIGIN, key.device_id)
    return key.device_id


def test_a_key_is_bound_moved_barred_and_named(registry, device):
    device_id = place(registry, device)
    assert registry.bind(device_id, PHONE).phone_number == PHONE
    assert registry.rebind(device_id, "2001004015", "prove-1").prove_id == "prove-1"
    assert registry.suspend(device_id, "lost", "clerk").is_suspended
    assert not registry.resume(device_id).is_suspended
    assert registry.rename(device_id, "Tablet").device_name == "Tablet"
    assert registry.rename(device_id, None).device_name is None
    assert registry.record_authentication(device_id).last_authenticated_at is not None
    assert registry.unbind(device_id).state == "unbound"
    with pytest.raises(StoreError, match="NOT_BOUND"):
        registry.rebind(device_id, PHONE)
    events = registry.events(device_id)
    assert [e.sequence for e in events] == list(range(1, len(events) + 1))
    assert ("suspended", "clerk") in [(e.kind, e.actor) for e in events]
    assert registry.events(device_id, after=events[-2].sequence) == events[-1:]


def test_a_new_key_takes_the_place_of_the_old(registry, device):
    device_id = place(registry, device)
    challenge = registry.challenge()
    key = device.place_key(US_UAT, ORIGIN, device_id)
    changed = registry.rekey(device.offer(US_UAT, ORIGIN, challenge), challenge)
    assert changed.public_key == key.public_key and changed.device_id == device_id


def test_all_devices_of_a_person_are_changed_at_once(registry, device):
    registry.bind(place(registry, device), PHONE)
    assert registry.disconnect(PHONE) == 1 and registry.disconnect(PHONE) == 0
    assert registry.unbind_all("clientCustomerId", "customer-7", "moved") == 1
    assert registry.unbind_all("phoneNumber", PHONE) == 0


def test_it_is_verified_replayed_and_copied(registry, device, tmp_path):
    registry.bind(place(registry, device), PHONE)
    registry.withdraw(registry.decide("mobile", phone_number=PHONE).ticket)
    assert registry.verify() == [] and registry.replay()
    path = str(tmp_path / "copy.sqlite")
    assert registry.backup(path) == 1
    with pytest.raises(StoreError, match="ALREADY_EXISTS"):
        registry.backup(path)
    with Registry(f"sqlite:{path}", Unlock.raw_key(bytes(32)), tenant="shop", build_config=US_UAT,
                  create=False) as copy:
        assert copy.verify() == []


def test_a_key_is_placed_before_possession_is_known(registry, device):
    challenge = registry.challenge()
    device.place_key(US_UAT, ORIGIN)
    ticket = registry.decide("none").ticket
    placed, following = registry.place_early(
        ticket, device.offer(US_UAT, ORIGIN, challenge), challenge)
    assert placed.state == "placed"
    assert registry.complete(following, verified_phone_number=PHONE).state == "bound"


def test_registrations_move_as_lines_and_what_is_refused_is_numbered(registry, device, tmp_path,
                                                                     monkeypatch):
    device_id = place(registry, device)
    bound = registry.bind(device_id, PHONE)
    lines = list(registry.export_lines())
    assert len(lines) == 1 and lines[0].endswith(b"\n") and device_id.encode() in lines[0]
    assert list(registry.export_lines(after=device_id)) == []
    assert (registry.info().bound, registry.info().placed) == (1, 0)
    assert registry.info().file_bytes > 0
    # Each line a part of its own: the numbers go on.
    monkeypatch.setattr("provekeystore.registry._IMPORT_BYTES", 1)
    with Registry(f"sqlite:{tmp_path}/other.sqlite", Unlock.raw_key(bytes(32)), tenant="shop",
                  build_config=US_UAT) as other:
        report = other.import_lines([b"{}", lines[0], b"\n", b"no JSON " + PHONE.encode()], "mover")
        assert (report.lines, report.imported, report.refused) == (4, 1, 3)
        assert [number for number, _ in report.refused_lines] == [1, 3, 4]
        assert PHONE not in str(report.refused_lines)
        assert other.resolve(device_id) == bound
        assert [e.actor for e in other.events(device_id)] == ["mover"]
        assert other.import_lines(lines).identical == 1
        assert other.import_lines([]).lines == 0
