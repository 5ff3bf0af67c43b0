"""How vaults and registries are unlocked."""

from __future__ import annotations

import ctypes
from ctypes import c_size_t
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Optional, Protocol, Sequence

from . import _library as lib


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


def _list(texts: Sequence[str]) -> Any:
    """Texts that end with a NULL."""
    return (ctypes.c_char_p * (len(texts) + 1))(*[lib.text(text) for text in texts], None)


def create_key_file(path: str) -> None:
    """Makes a key file of 32 random bytes and mode 0600."""
    lib.call("pks_key_file_create", lib.text(path))


@dataclass(frozen=True)
class Keyring:
    """A 32-byte key in the Linux kernel's keyring, by its description.

    `kind` is "user", "session" or "persistent": who may use it and how long it lives.
    """

    description: str
    kind: str = "user"

    def create(self, key: Optional[bytes] = None) -> None:
        """Puts a key there, a random one that nobody else has for None; ALREADY_EXISTS if there is one."""
        lib.call("pks_keyring_create", ctypes.byref(self._struct()), key, c_size_t(len(key or b"")))

    def remove(self) -> bool:
        """Revokes the key: what it wrapped is lost. False when there was none."""
        return lib.found("pks_keyring_remove", ctypes.byref(self._struct()))

    def _struct(self) -> lib.KeyringStruct:
        return lib.sized(
            lib.KeyringStruct, kind={"user": 1, "session": 2, "persistent": 3}[self.kind],
            description=lib.text(self.description))


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

    @classmethod
    def keyring(cls, keyring: Keyring, entangled_folder: Optional[str] = None) -> "Unlock":
        """A key in the Linux kernel's keyring."""
        unlock = cls(6, entangled_folder=entangled_folder)
        unlock._keyring = keyring._struct()
        unlock.struct.keyring = ctypes.addressof(unlock._keyring)
        return unlock

    @classmethod
    def program(cls, arguments: Sequence[str], *, name: Optional[str] = None,
                environment: Optional[Mapping[str, str]] = None, time_limit: float = 30.0,
                entangled_folder: Optional[str] = None) -> "Unlock":
        """A program that wraps and unwraps, as docs/unlocking.md has it.

        `arguments` begin with its absolute path. `environment` is all that it finds there, None for
        a PATH alone. After `time_limit` seconds it is killed.
        """
        unlock = cls(7, entangled_folder=entangled_folder)
        variables = None if environment is None else [f"{k}={v}" for k, v in environment.items()]
        unlock._program = lib.sized(
            lib.ProgramStruct, time_limit_milliseconds=max(1, round(time_limit * 1000)),
            name=lib.text(name), arguments=_list(arguments),
            environment=None if variables is None else _list(variables))
        unlock.struct.program = ctypes.addressof(unlock._program)
        return unlock

    def __repr__(self) -> str:
        return f"Unlock(method {self.struct.method})"
