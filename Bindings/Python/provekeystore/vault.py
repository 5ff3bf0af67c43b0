"""The device's side: keys, localStorage and databases in one encrypted file."""

from __future__ import annotations

import ctypes
import json
from ctypes import c_size_t, c_uint32, c_uint64
from dataclasses import dataclass
from typing import Any, Callable, List, Optional, Sequence

from . import _library as lib
from .unlock import Unlock

US_UAT, US_PROD, EU_UAT, EU_PROD = 1, 2, 3, 4
Progress = Callable[[int, int], Optional[bool]]


@dataclass(frozen=True)
class Key:
    """The public half of a key. Times are milliseconds since 1970."""

    device_id: str
    public_key: bytes
    algorithm: int
    is_placed: bool
    created_at: int
    confirmed_at: Optional[int]

    @classmethod
    def _of(cls, read: lib.KeyStruct) -> "Key":
        return cls(
            read.device_id.decode(), bytes(read.public_key[: read.public_key_length]),
            read.algorithm, read.state == 2, read.created_at, read.confirmed_at or None)


@dataclass(frozen=True)
class VaultInfo:
    """Facts about a vault that tell nothing of its content.

    `unlock_method` is "rawKey", "passphrase", "keyFile" or "provider": keyring and program are that.
    """

    format: int
    is_shared: bool
    unlock_method: str
    is_entangled: bool
    epoch: int
    epoch_count: int
    generation: int
    records: int
    keys: int
    file_bytes: int


@dataclass(frozen=True)
class Salvage:
    """What was read out of a damaged vault; `losses` are at most 100 of `loss_count`."""

    is_whole: bool
    records: int
    keys: int
    storage_items: int
    databases: int
    database_rows: int
    loss_count: int
    losses: List[str]


_METHODS = {1: "rawKey", 2: "passphrase", 3: "keyFile", 4: "provider"}


class Vault(lib.Handle):
    """A vault. Its calls may be made from many threads."""

    def __init__(self, path: str, unlock: Unlock, *, create: Optional[bool] = None,
                 shared: bool = False, anchor_path: Optional[str] = None) -> None:
        """Opens, or creates: `create` is None for either, True for a new one, False for an old."""
        options = lib.sized(
            lib.VaultOptions, access={None: 0, True: 1, False: 2}[create], mode=int(shared),
            anchor_path=lib.text(anchor_path))
        handle = c_uint64()
        lib.call("pks_vault_open", lib.text(path), ctypes.byref(unlock.struct),
                 ctypes.byref(options), ctypes.byref(handle))
        super().__init__(handle.value)

    def place_key(self, build_config: int, origin: str, device_id: Optional[str] = None) -> Key:
        """Makes a pending key, or gives the one that is pending."""
        key = lib.sized(lib.KeyStruct)
        lib.call("pks_vault_place_key", self._handle, c_uint32(build_config), lib.text(origin),
                 lib.text(device_id), ctypes.byref(key))
        return Key._of(key)

    def offer(self, build_config: int, origin: str, challenge: bytes) -> Optional["NewKey"]:
        """What to send to the server for the pending key; None when there is none."""
        key = lib.sized(lib.NewKeyStruct)
        if not lib.found("pks_vault_offer", self._handle, c_uint32(build_config),
                         lib.text(origin), challenge, c_size_t(len(challenge)),
                         ctypes.byref(key)):
            return None
        return NewKey(key.device_id.decode(), key.algorithm,
                      bytes(key.public_key[: key.public_key_length]),
                      bytes(key.proof[: key.proof_length]))

    def confirm_key(self, build_config: int, origin: str, device_id: str) -> Key:
        """The server has answered: the key counts as placed."""
        key = lib.sized(lib.KeyStruct)
        lib.call("pks_vault_confirm_key", self._handle, c_uint32(build_config),
                 lib.text(origin), lib.text(device_id), ctypes.byref(key))
        return Key._of(key)

    def key(self, device_id: str) -> Optional[Key]:
        """The key of an id."""
        key = lib.sized(lib.KeyStruct)
        there = lib.found("pks_vault_key", self._handle, lib.text(device_id), ctypes.byref(key))
        return Key._of(key) if there else None

    def current_key(self, build_config: int, origin: str) -> Optional[Key]:
        """The scope's key to use."""
        key = lib.sized(lib.KeyStruct)
        there = lib.found("pks_vault_current_key", self._handle, c_uint32(build_config),
                          lib.text(origin), ctypes.byref(key))
        return Key._of(key) if there else None

    def keys(self, build_config: int, origin: str) -> List[Key]:
        """All keys of a scope, latest first."""
        keys, count = lib.sized_array(lib.KeyStruct, 1000), c_size_t()
        lib.call("pks_vault_keys", self._handle, c_uint32(build_config), lib.text(origin), keys,
                 c_size_t(1000), ctypes.byref(count))
        return [Key._of(key) for key in keys[: count.value]]

    def sign(self, device_id: str, challenge: bytes) -> bytes:
        """An encoded assertion over a challenge of 16 to 255 bytes."""
        signed = lib.read_bytes("pks_vault_sign", self._handle, lib.text(device_id), challenge,
                                c_size_t(len(challenge)), capacity=lib.ASSERTION_SIZE)
        assert signed is not None
        return signed

    def remove_key(self, device_id: str) -> bool:
        """Whether there was one to remove."""
        return lib.found("pks_vault_remove_key", self._handle, lib.text(device_id))

    def discard_pending_key(self, build_config: int, origin: str) -> bool:
        """Whether a key was pending."""
        return lib.found("pks_vault_discard_pending_key", self._handle, c_uint32(build_config),
                         lib.text(origin))

    def storage(self, origin: str, quota: int = -1) -> "Storage":
        """The localStorage of an origin."""
        handle = c_uint64()
        lib.call("pks_storage_open", self._handle, lib.text(origin), ctypes.c_int64(quota),
                 ctypes.byref(handle))
        return Storage(handle.value)

    def request(self, op: str, **fields: Any) -> Any:
        """One operation of docs/shell.md, as `request("database.list", origin=...)`."""
        line = json.dumps({"op": op, **fields}).encode()
        handle = c_uint64()
        lib.call("pks_vault_request", self._handle, line, c_size_t(len(line)),
                 ctypes.byref(handle))
        answer = json.loads(lib.read_reply(handle))
        if not answer["ok"]:
            raise RequestError(answer["error"])
        return answer["result"]

    @classmethod
    def reset(cls, path: str, lost: Unlock, next: Optional[Unlock] = None, *,
              shared: bool = False, anchor_path: Optional[str] = None) -> "Vault":
        """Gives up a vault whose key is lost (KEY_LOST), and opens an empty one in its place."""
        options = lib.sized(lib.VaultOptions, mode=int(shared),
                            anchor_path=lib.text(anchor_path))
        handle = c_uint64()
        lib.call("pks_vault_reset", lib.text(path), ctypes.byref(lost.struct),
                 ctypes.byref(next.struct) if next else None, ctypes.byref(options),
                 ctypes.byref(handle), None)
        vault = cls.__new__(cls)
        lib.Handle.__init__(vault, handle.value)
        return vault

    @classmethod
    def salvage(cls, path: str, unlock: Unlock, into: Optional[str] = None,
                next: Optional[Unlock] = None, origins: Sequence[str] = ()) -> Salvage:
        """Reads out of a damaged vault what is genuine, and writes it to a new one at `into`.

        `next` is what the new vault is locked with, None for `unlock`; `origins` are looked for
        although the vault has lost the record that names them. The damaged file is not changed.
        """
        found, handle = lib.sized(lib.SalvageStruct), c_uint64()
        texts = (ctypes.c_char_p * max(len(origins), 1))(*[lib.text(o) for o in origins])
        lib.call("pks_vault_salvage", lib.text(path), ctypes.byref(unlock.struct), lib.text(into),
                 ctypes.byref(next.struct) if next else None, texts, c_size_t(len(origins)),
                 ctypes.byref(found), ctypes.byref(handle))
        losses = lib.read_reply(handle).decode().splitlines()
        return Salvage(bool(found.is_whole), found.records, found.keys, found.storage_items,
                       found.databases, found.database_rows, found.loss_count, losses)

    def info(self) -> VaultInfo:
        """Facts about the vault."""
        facts = lib.sized(lib.FactsStruct)
        lib.call("pks_vault_info", self._handle, ctypes.byref(facts))
        return VaultInfo(
            facts.format, facts.mode == 1, _METHODS[facts.unlock_method],
            bool(facts.is_entangled), facts.epoch, facts.epoch_count, facts.generation,
            facts.records, facts.keys, facts.file_bytes)

    def verify(self) -> int:
        """Walks everything, and returns how many problems there are; other calls wait meanwhile."""
        report = lib.sized(lib.ReportStruct)
        lib.call("pks_vault_verify", self._handle, ctypes.byref(report))
        return int(report.problem_count)

    def compact(self) -> int:
        """Gives free pages back to the file system, and returns the bytes that are left."""
        compaction = lib.sized(lib.CompactionStruct)
        lib.call("pks_vault_compact", self._handle, None, None, ctypes.byref(compaction))
        return int(compaction.file_bytes)

    def rewrap(self, unlock: Unlock) -> None:
        """Locks the vault with another method."""
        lib.call("pks_vault_rewrap", self._handle, ctypes.byref(unlock.struct))

    def rotate(self, progress: Optional[Progress] = None) -> int:
        """Seals every record under a new data key, and returns how many.

        `progress` is told (done, total) and stops the work by returning False: StoreError then says
        CANCELLED, and another call goes on.
        """
        rotation = lib.sized(lib.RotationStruct)
        with _callback(progress) as callback:
            lib.call("pks_vault_rotate", self._handle, callback.function, None,
                     ctypes.byref(rotation))
        return int(rotation.resealed)

    def backup(self, path: str) -> int:
        """Copies the vault into a new file, and returns how many records it has."""
        backup = lib.sized(lib.BackupStruct)
        lib.call("pks_vault_backup", self._handle, lib.text(path), None, None,
                 ctypes.byref(backup))
        return int(backup.records)

    def destroy(self) -> int:
        """Erases the vault for good, and returns how many keys it had."""
        receipt = lib.sized(lib.DestructionStruct)
        lib.call("pks_vault_destroy", self._handle, ctypes.byref(receipt))
        return int(receipt.keys)


class _callback:
    """Carries what a callback raises over the border, where it would be lost."""

    def __init__(self, progress: Optional[Progress]) -> None:
        self._raised: Optional[BaseException] = None

        def told(_: Any, done: int, total: int) -> int:
            try:
                return 1 if progress is not None and progress(done, total) is False else 0
            except BaseException as raised:  # raised again where the call returns
                self._raised = raised
                return 1

        self.function = lib.PROGRESS(told)

    def __enter__(self) -> "_callback":
        return self

    def __exit__(self, *_: object) -> None:
        if self._raised is not None:
            raise self._raised


class RequestError(Exception):
    """A request that was refused; `name` as docs/shell.md has it."""

    def __init__(self, error: Any) -> None:
        self.name: str = error["name"]
        super().__init__(f"{self.name}: {error['message']}")


class Storage(lib.Handle):
    """Names and values of one origin. Lone surrogates are kept: texts cross as UTF-16."""

    def get(self, key: str) -> Optional[str]:
        """The value, or None."""
        return self._read("pks_storage_get16", *_units(key))

    def key(self, index: int) -> Optional[str]:
        """The key at a place in the order of keys, None beyond the last."""
        return self._read("pks_storage_key16", c_size_t(index))

    def _read(self, name: str, *arguments: Any) -> Optional[str]:
        capacity = 256
        while True:
            buffer, length, error = (ctypes.c_uint16 * capacity)(), c_size_t(), lib.sized(lib.Error)
            status = getattr(lib._library, name)(
                self._handle, *arguments, buffer, c_size_t(capacity), ctypes.byref(length),
                ctypes.byref(error))
            if status == lib.NOT_FOUND:
                return None
            if status != lib.BUFFER_TOO_SMALL:
                lib.check(status, error)
                return bytes(buffer)[: 2 * length.value].decode("utf-16-le", "surrogatepass")
            capacity = length.value

    def set(self, key: str, value: str) -> None:
        """Writes an item."""
        lib.call("pks_storage_set16", self._handle, *_units(key), *_units(value))

    def remove(self, key: str) -> None:
        """Removes an item."""
        lib.call("pks_storage_remove16", self._handle, *_units(key))

    def clear(self) -> None:
        """Removes all items."""
        lib.call("pks_storage_clear", self._handle)

    def __len__(self) -> int:
        count = c_size_t()
        lib.call("pks_storage_count", self._handle, ctypes.byref(count))
        return count.value


def _units(value: str) -> Any:
    encoded = value.encode("utf-16-le", "surrogatepass")
    count = len(encoded) // 2
    return (ctypes.c_uint16 * max(count, 1)).from_buffer_copy(encoded or b"\0\0"), c_size_t(count)


from .registry import NewKey  # noqa: E402  (the two modules name each other's types)
