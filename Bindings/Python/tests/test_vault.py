"""The module's vault, each promise by its name."""

import threading

import pytest

from provekeystore import (
    US_UAT, VERSION, Assertion, ProviderRefusal, StoreError, Unlock, Vault,
    normalise_phone_number, verify_assertion,
)
from provekeystore.vault import RequestError

ORIGIN = "https://shop.example"
KEY = bytes(range(32))


@pytest.fixture
def vault(tmp_path):
    with Vault(str(tmp_path / "a.vault"), Unlock.raw_key(KEY)) as vault:
        yield vault


def test_a_key_signs_with_rising_counters(vault):
    key = vault.place_key(US_UAT, ORIGIN)
    first, second = (Assertion.parse(vault.sign(key.device_id, bytes(32))) for _ in range(2))
    assert second.counter == first.counter + 1
    assert first.device_id == key.device_id
    signed = vault.sign(key.device_id, bytes(32))
    assert verify_assertion(signed, key.algorithm, key.public_key, bytes(32))
    assert not verify_assertion(signed, key.algorithm, key.public_key, bytes(33))


def test_keys_are_placed_listed_and_removed(vault):
    assert vault.current_key(US_UAT, ORIGIN) is None
    key = vault.place_key(US_UAT, ORIGIN)
    assert not key.is_placed
    assert vault.confirm_key(US_UAT, ORIGIN, key.device_id).is_placed
    assert [k.device_id for k in vault.keys(US_UAT, ORIGIN)] == [key.device_id]
    assert vault.key(key.device_id) == vault.current_key(US_UAT, ORIGIN)
    assert vault.remove_key(key.device_id) and not vault.remove_key(key.device_id)


def test_storage_keeps_any_text(vault):
    with vault.storage(ORIGIN) as storage:
        for text in ["", "a\0b", "📱", "\ud800", "x" * 10_000]:
            storage.set(text, text)
            assert storage.get(text) == text
        assert len(storage) == 5 and storage.get("none") is None
        storage.remove("")
        storage.clear()
        assert len(storage) == 0


def test_a_database_is_one_request_away(vault):
    where = {"origin": ORIGIN, "database": "d"}
    vault.request("database.open", **where, version=1, stores=[{"name": "s"}])
    operations = [{"op": "store.put", "store": "s", "key": {"string": "k"}, "value": {"number": 1}},
                  {"op": "store.count", "store": "s"}]
    results = vault.request("database.transaction", **where, mode="readwrite",
                            operations=operations)
    assert results[1] == 1
    read = vault.request("store.get", **where, store="s", key={"string": "k"})
    assert read == {"value": 1}
    with pytest.raises(RequestError) as refused:
        vault.request("store.get", **where, store="none", key={"string": "k"})
    assert refused.value.name == "NotFoundError"


def test_a_rotation_can_be_stopped_and_what_a_callback_raises_is_raised(vault):
    vault.place_key(US_UAT, ORIGIN)
    with pytest.raises(StoreError, match="CANCELLED"):
        vault.rotate(lambda done, total: False)
    with pytest.raises(ZeroDivisionError):
        vault.rotate(lambda done, total: 1 // 0)
    assert vault.rotate() > 0


def test_errors_have_names(tmp_path, vault):
    with pytest.raises(StoreError) as error:
        Vault(str(tmp_path / "a.vault"), Unlock.raw_key(KEY))
    assert error.value.name == "IN_USE"
    vault.close()
    vault.close()
    with pytest.raises(StoreError, match="BAD_HANDLE"):
        vault.key("x")
    with pytest.raises(StoreError) as error:
        Vault(str(tmp_path / "a.vault"), Unlock.raw_key(bytes(32)))
    assert error.value.name == "WRONG_KEY"
    with pytest.raises(StoreError, match="MISSING"):
        Vault(str(tmp_path / "none"), Unlock.raw_key(KEY), create=False)
    with pytest.raises(ValueError):
        Vault("a\0b", Unlock.raw_key(KEY))


def test_life(tmp_path, vault):
    vault.place_key(US_UAT, ORIGIN)
    vault.rewrap(Unlock.passphrase("correct horse"))
    assert vault.backup(str(tmp_path / "copy.vault")) > 0
    assert vault.destroy() == 1
    with Vault(str(tmp_path / "copy.vault"), Unlock.passphrase("correct horse")) as copy:
        assert copy.current_key(US_UAT, ORIGIN) is not None


class Kept:
    """A provider that keeps the key itself."""

    name = "test-kms"

    def __init__(self):
        self.key, self.failure = None, None

    def wrap(self, key, binding):
        self.key = bytes(key)
        return b"wrapped" + binding

    def unwrap(self, wrapped, binding, key):
        if self.failure:
            raise self.failure
        assert wrapped == b"wrapped" + binding
        key[:] = self.key


def test_a_provider_locks_and_unlocks_and_says_why_it_does_not(tmp_path):
    kept, path = Kept(), str(tmp_path / "p.vault")
    unlock = Unlock.provider(kept)
    Vault(path, unlock).close()
    Vault(path, unlock).close()
    for failure, name in [(ProviderRefusal("gone"), "KEY_LOST"),
                          (ProviderRefusal("cancelled"), "PROVIDER_REFUSED"),
                          (ProviderRefusal("unreachable"), "PROVIDER_UNAVAILABLE"),
                          (ValueError(), "PROVIDER_FAILED")]:
        kept.failure = failure
        with pytest.raises(StoreError, match=name):
            Vault(path, unlock)


def test_a_vault_whose_key_is_lost_is_given_up(tmp_path):
    kept, path = Kept(), str(tmp_path / "lost.vault")
    with Vault(path, Unlock.provider(kept)) as vault:
        vault.place_key(US_UAT, ORIGIN)
    with pytest.raises(StoreError, match="KEY_NOT_LOST"):
        Vault.reset(path, Unlock.provider(kept), Unlock.raw_key(KEY))
    kept.failure = ProviderRefusal("gone")
    with Vault.reset(path, Unlock.provider(kept), Unlock.raw_key(KEY)) as vault:
        assert vault.keys(US_UAT, ORIGIN) == []
        vault.place_key(US_UAT, ORIGIN)
        assert vault.discard_pending_key(US_UAT, ORIGIN)
        assert not vault.discard_pending_key(US_UAT, ORIGIN)
        assert vault.verify() == 0 and vault.compact() > 0


def test_many_threads_share_a_vault(vault):
    key = vault.place_key(US_UAT, ORIGIN)
    counters = []

    def sign():
        for _ in range(50):
            counters.append(Assertion.parse(vault.sign(key.device_id, bytes(32))).counter)

    threads = [threading.Thread(target=sign) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(counters)) == 400


def test_phone_numbers_and_version():
    assert normalise_phone_number("2001004014") == "+12001004014"
    with pytest.raises(StoreError, match="PHONE_NUMBER") as error:
        normalise_phone_number("123")
    assert "123" not in str(error.value)
    assert VERSION == "0.1.0"
