"""The module's vault, each promise by its name."""

import os
import threading
import uuid

import pytest

from provekeystore import (
    US_UAT, VERSION, Assertion, Keyring, ProviderRefusal, StoreError, Unlock, Vault,
    create_key_file, normalise_phone_number, verify_assertion,
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
        assert {storage.key(i) for i in range(5)} == {"", "a\0b", "📱", "\ud800", "x" * 10_000}
        assert storage.key(5) is None
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


def test_a_program_unlocks_with_the_environment_that_it_is_given(tmp_path):
    script, path = tmp_path / "key-program", str(tmp_path / "r.vault")
    script.write_text("#!/bin/sh\n[ \"$1 $VARIABLE\" = 'one a=b' ] || exit 10\n"
                      "read -r operation context bytes\necho $bytes\n")
    script.chmod(0o700)
    run = Unlock.program([str(script), "one"],
                         environment={"PATH": os.defpath, "VARIABLE": "a=b"})
    Vault(path, run).close()
    with Vault(path, run) as vault:
        assert vault.info().unlock_method == "provider"
    with pytest.raises(StoreError, match="KEY_LOST"):
        Vault(path, Unlock.program([str(script), "one"]))
    with pytest.raises(StoreError, match="PROVIDER_FAILED"):
        Vault(path, Unlock.program(["/bin/sleep", "9"], time_limit=0.1))
    with pytest.raises(StoreError, match="BAD_VALUE"):
        Vault(path, Unlock.program(["sleep"]))


def test_the_keyring_unlocks_where_there_is_one(tmp_path):
    keyring, path = Keyring(f"provekeystore python {uuid.uuid4()}"), str(tmp_path / "k.vault")
    try:
        keyring.create()
    except StoreError as error:
        assert error.name == "PROVIDER_UNAVAILABLE"
        pytest.skip("the kernel's keyring cannot be used here")
    Vault(path, Unlock.keyring(keyring)).close()
    Vault(path, Unlock.keyring(keyring)).close()
    with pytest.raises(StoreError, match="ALREADY_EXISTS"):
        keyring.create(KEY)
    assert keyring.remove() and not keyring.remove()
    with pytest.raises(StoreError, match="KEY_LOST"):
        Vault(path, Unlock.keyring(keyring))


def test_a_key_file_is_made_and_unlocks(tmp_path):
    path = str(tmp_path / "a.key")
    create_key_file(path)
    assert os.stat(path).st_mode & 0o777 == 0o600
    with pytest.raises(StoreError, match="ALREADY_EXISTS"):
        create_key_file(path)
    with Vault(str(tmp_path / "f.vault"), Unlock.key_file(path)) as vault:
        assert vault.info().unlock_method == "keyFile"


def test_facts_tell_nothing_of_the_content(vault):
    vault.place_key(US_UAT, ORIGIN)
    info = vault.info()
    assert (info.keys, info.unlock_method, info.is_entangled, info.is_shared) == (
        1, "rawKey", False, False)
    assert info.epoch_count == 1 and info.records > 1 and info.file_bytes > 0


def test_what_is_genuine_is_read_out_of_a_damaged_vault(tmp_path, vault):
    path, new = str(tmp_path / "a.vault"), str(tmp_path / "new.vault")
    with vault.storage(ORIGIN) as storage:
        for i in range(60):
            storage.set(str(i), "v" * 500)
    with pytest.raises(StoreError, match="IN_USE"):
        Vault.salvage(path, Unlock.raw_key(KEY))
    vault.close()
    whole = Vault.salvage(path, Unlock.raw_key(KEY), origins=[ORIGIN])
    assert whole.is_whole and whole.storage_items == 60 and whole.losses == []
    content = bytearray((tmp_path / "a.vault").read_bytes())
    for place in range(8 * 4096 + 200, len(content), 5 * 4096):
        content[place:place + 64] = bytes(64)
    (tmp_path / "a.vault").write_bytes(content)
    found = Vault.salvage(path, Unlock.raw_key(KEY), new, Unlock.passphrase("correct horse"))
    assert not found.is_whole and found.loss_count == len(found.losses) > 0
    assert all("(by " in loss for loss in found.losses)
    with Vault(new, Unlock.passphrase("correct horse")) as saved:
        assert len(saved.storage(ORIGIN)) == found.storage_items < 60


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
