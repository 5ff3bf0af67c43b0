"""Assertions and phone numbers."""

from __future__ import annotations

import ctypes
from ctypes import c_size_t, c_uint32
from dataclasses import dataclass
from typing import Optional

from . import _library as lib


@dataclass(frozen=True)
class Assertion:
    """A device's proof that it holds a key, in parts."""

    device_id: str
    counter: Optional[int]
    generation: Optional[int]
    digest: Optional[bytes]
    signature: bytes

    @classmethod
    def parse(cls, encoded: bytes) -> "Assertion":
        read = lib.sized(lib.AssertionStruct)
        lib.call("pks_assertion_parse", encoded, c_size_t(len(encoded)), ctypes.byref(read))
        state = bool(read.has_vault_state)
        return cls(
            read.device_id.decode(), read.counter if read.has_counter else None,
            read.generation if state else None, bytes(read.digest) if state else None,
            bytes(read.signature))


def verify_assertion(encoded: bytes, algorithm: int, public_key: bytes, challenge: bytes) -> bool:
    """Whether the signature is the key's over the challenge; a registry checks more."""
    try:
        lib.call(
            "pks_assertion_verify", encoded, c_size_t(len(encoded)), c_uint32(algorithm),
            public_key, c_size_t(len(public_key)), challenge, c_size_t(len(challenge)))
    except lib.StoreError as error:
        if error.name == "SIGNATURE_INVALID":
            return False
        raise
    return True


def normalise_phone_number(text: str) -> str:
    """The number in E.164, by Prove's rules."""
    number = lib.read_bytes("pks_phone_normalise", lib.text(text), capacity=17)
    assert number is not None
    return number.decode()
