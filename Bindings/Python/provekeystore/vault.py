"""The device's side: keys, localStorage and databases in one encrypted file."""

from __future__ import annotations

import ctypes
import json
from ctypes import c_size_t, c_uint32, c_uint64
from dataclasses import dataclass
from typing import Any, Callable, List, Optional, Protocol

from . import _library as lib

US_UAT, US_PROD, EU_UAT, EU_PROD = 1, 2, 3, 4
Progress = Callable[[int, int], Optional[bool]]


class KeyProvider(Protocol):
    """A key store outside (a KMS, a TPM) that wraps one 32-byte key.

    What it raises says PROVIDER_FAILED, but for `ProviderRefusal`, which says why.
    """

    name: str

    def wrap(self, key: memoryview, binding: bytes) -> bytes:
        """Encrypts `key`, guarded memory that is gone after the call, and authenticates `binding`."""

    def unwrap(self, wrapped: bytes, binding: bytes, key: memoryview) -> None:
        """Decrypts what `wrap` returned into all of `key`, given the same binding."""


class ProviderRefusal(Exception):
    """Raised by a provider: `why` is "gone", "cancelled" or "unreachable"."""

    def __init__(self, why: str) -> None:
        self.answer = {"gone": 1, "cancelled": 2, "unreachable": 3}[why]
        super().__init__(why)


def _callbacks(provider: KeyProvider) -> lib.ProviderStruct:
    def view(address: int, count: int) -> memoryview:
        return memoryview((ctypes.c_uint8 * count).from_address(address)).cast("B")

    def answer(body: Callable[[], None]) -> int:
        try:
            body()
            return 0
        except ProviderRefusal as refusal:
            return refusal.answer
        except BaseException:  # never over the border; the call says PROVIDER_FAILED
            return 4

    def wrap(_: Any, key: int, key_length: int, binding: int, binding_length: int, wrapped: int,
             wrapped_length: Any) -> int:
        def body() -> None:
            made = provider.wrap(view(key, key_length).toreadonly(),
                                 ctypes.string_at(binding, binding_length))
            if len(made) > wrapped_length[0]:
                raise ValueError("more bytes than a wrapped key may have")
            ctypes.memmove(wrapped, made, len(made))
            wrapped_length[0] = len(made)
        return answer(body)

    def unwrap(_: Any, wrapped: int, wrapped_length: int, binding: int, binding_length: int,
               key: int, key_length: int) -> int:
        return answer(lambda: provider.unwrap(
            ctypes.string_at(wrapped, wrapped_length), ctypes.string_at(binding, binding_length),
            view(key, key_length)))

    return lib.sized(lib.ProviderStruct, name=lib.text(provider.name), wrap=lib.WRAP(wrap),
                     unwrap=lib.UNWRAP(unwrap))


class Unlock:
    """How a vault or registry is unlocked."""

    def __init__(self, method: int, secret: bytes = b"", path: Optional[str] = None,
                 entangled_folder: Optional[str] = None) -> None:
        self._secret = ctypes.create_string_buffer(secret, max(len(secret), 1))
        self.struct = lib.sized(
            lib.UnlockStruct, method=method,
            secret=ctypes.addressof(self._secret) if secret else None,
            secret_length=len(secret), path=lib.text(path),
            entangled_folder=lib.text(entangled_folder))

    @classmethod
    def raw_key(cls, key: bytes, entangled_folder: Optional[str] = None) -> "Unlock":
        """A key of 32 bytes."""
        return cls(1, secret=key, entangled_folder=entangled_folder)

    @classmethod
    def passphrase(cls, passphrase: str, entangled_folder: Optional[str] = None) -> "Unlock":
        """What a person knows."""
        return cls(2, secret=passphrase.encode(), entangled_folder=entangled_folder)

    @classmethod
    def key_file(cls, path: str, entangled_folder: Optional[str] = None) -> "Unlock":
        """A file of 32 bytes and mode 0600."""
        return cls(3, path=path, entangled_folder=entangled_folder)

    @classmethod
    def provider(cls, provider: "KeyProvider",
                 entangled_folder: Optional[str] = None) -> "Unlock":
        """A key store outside, asked on the thread of the call that this is given to."""
        unlock = cls(4, entangled_folder=entangled_folder)
        unlock._callbacks = _callbacks(provider)
        unlock.struct.provider = ctypes.addressof(unlock._callbacks)
        return unlock

    def __repr__(self) -> str:
        return f"Unlock(method {self.struct.method})"


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
        with lib.Handle(handle.value) as reply:
            answer = json.loads(lib.read_bytes("pks_reply_read", reply._handle) or b"")
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
        units, count = _units(key)
        capacity = 256
        while True:
            buffer, length, error = (ctypes.c_uint16 * capacity)(), c_size_t(), lib.sized(lib.Error)
            status = lib._library.pks_storage_get16(
                self._handle, units, count, buffer, c_size_t(capacity), ctypes.byref(length),
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
