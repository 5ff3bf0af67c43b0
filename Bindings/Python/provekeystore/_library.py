"""The C library itself: loading, structs, errors. Nothing of this is for callers."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
from ctypes import (
    POINTER, Structure, c_char, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint8, c_uint32,
    c_uint64, c_void_p,
)
from typing import Any, Optional, Type, TypeVar

ABI = 1
ID_SIZE, ASSERTION_SIZE, TICKET_SIZE = 256, 512, 4096
OK, BUFFER_TOO_SMALL, NOT_FOUND = 0, 7, 10


def _load() -> ctypes.CDLL:
    path = os.environ.get("PROVEKEYSTORE_LIBRARY") or ctypes.util.find_library("provekeystore")
    library = ctypes.CDLL(path or f"libprovekeystore.so.{ABI}")
    library.pks_abi.restype = c_uint32
    if library.pks_abi() != ABI:
        raise ImportError(f"libprovekeystore has ABI {library.pks_abi()}, not {ABI}")
    library.pks_version.restype = c_char_p
    library.pks_status_name.restype = c_char_p
    return library


_library = _load()
VERSION: str = _library.pks_version().decode()


class StoreError(Exception):
    """What the library refused: `name` as in "WRONG_KEY", `code`, `domain` and `detail`."""

    def __init__(self, code: int, domain: int, detail: int, message: str) -> None:
        self.name: str = _library.pks_status_name(code).decode()
        self.code, self.domain, self.detail = code, domain, detail
        super().__init__(f"{self.name}: {message}")


class Error(Structure):
    _fields_ = [
        ("size", c_uint32), ("code", c_int32), ("domain", c_uint32), ("unused", c_uint32),
        ("detail", c_int64), ("message", c_char * 256),
    ]


class UnlockStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("method", c_uint32), ("secret", c_void_p),
        ("secret_length", c_size_t), ("path", c_char_p), ("provider", c_void_p),
        ("entangled_folder", c_char_p), ("keyring", c_void_p), ("program", c_void_p),
    ]


class KeyringStruct(Structure):
    _fields_ = [("size", c_uint32), ("kind", c_uint32), ("description", c_char_p)]


class ProgramStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("time_limit_milliseconds", c_uint32), ("name", c_char_p),
        ("arguments", POINTER(c_char_p)), ("environment", POINTER(c_char_p)),
    ]


class FactsStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("format", c_uint32), ("mode", c_uint32),
        ("unlock_method", c_uint32), ("is_entangled", c_uint32), ("epoch", c_uint32),
        ("epoch_count", c_uint32), ("unused", c_uint32), ("generation", c_uint64),
        ("records", c_uint64), ("keys", c_uint64), ("file_bytes", c_int64),
    ]


class SalvageStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("is_whole", c_uint32), ("records", c_uint64), ("keys", c_uint64),
        ("storage_items", c_uint64), ("databases", c_uint64), ("database_rows", c_uint64),
        ("loss_count", c_uint64),
    ]


class VaultOptions(Structure):
    _fields_ = [
        ("size", c_uint32), ("access", c_uint32), ("mode", c_uint32), ("unused", c_uint32),
        ("anchor_path", c_char_p),
    ]


class KeyStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("state", c_uint32), ("algorithm", c_uint32),
        ("build_config", c_uint32), ("created_at", c_int64), ("confirmed_at", c_int64),
        ("public_key_length", c_uint32), ("public_key", c_uint8 * 65),
        ("device_id", c_char * ID_SIZE), ("origin", c_char * ID_SIZE),
    ]


class NewKeyStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("algorithm", c_uint32), ("public_key_length", c_uint32),
        ("proof_length", c_uint32), ("public_key", c_uint8 * 65),
        ("proof", c_uint8 * ASSERTION_SIZE), ("device_id", c_char * ID_SIZE),
    ]


class AssertionStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("has_counter", c_uint32), ("has_vault_state", c_uint32),
        ("unused", c_uint32), ("counter", c_uint64), ("generation", c_uint64),
        ("digest", c_uint8 * 32), ("signature", c_uint8 * 64), ("device_id", c_char * ID_SIZE),
    ]


class RotationStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("epoch", c_uint32), ("resealed", c_uint64),
        ("retired_count", c_uint32), ("is_resumed", c_uint32), ("is_complete", c_uint32),
        ("unused", c_uint32),
    ]


class BackupStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("unused", c_uint32), ("generation", c_uint64),
        ("records", c_uint64), ("keys", c_uint64), ("file_bytes", c_int64),
    ]


class DestructionStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("data_keys", c_uint32), ("generation", c_uint64),
        ("records", c_uint64), ("keys", c_uint64), ("overwritten_bytes", c_uint64),
    ]


class ReportStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("is_sound", c_uint32), ("records", c_uint64), ("keys", c_uint64),
        ("problem_count", c_uint64),
    ]


class CompactionStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("is_log_empty", c_uint32), ("file_bytes_before", c_int64),
        ("file_bytes", c_int64),
    ]


class PolicyStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("version", c_uint32), ("inactivity_months", c_uint32),
        ("key_persistence", c_uint32), ("maximum_binding_age_seconds", c_int64),
        ("minimum_visitor_confidence", c_double), ("selection", c_uint32),
        ("recovers_by_visitor_alone", c_uint32), ("clone_response", c_uint32),
        ("registration_cap_kind", c_uint32), ("registration_cap", c_uint32),
        ("keeps_every_decision", c_uint32), ("last_authenticated_granularity_seconds", c_int64),
        ("event_detail_days", c_int64),
    ]


class RegistryOptions(Structure):
    _fields_ = [
        ("size", c_uint32), ("access", c_uint32), ("store", c_char_p),
        ("unlock", POINTER(UnlockStruct)), ("tenant", c_char_p), ("build_config", c_uint32),
        ("mode", c_uint32), ("policy", POINTER(PolicyStruct)),
    ]


class RegistrationStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("state", c_uint32), ("is_suspended", c_uint32),
        ("is_inactive", c_uint32), ("device_kind", c_uint32), ("algorithm", c_uint32),
        ("version", c_uint64), ("placed_at", c_int64), ("bound_at", c_int64),
        ("last_authenticated_at", c_int64), ("revoked_at", c_int64),
        ("becomes_inactive_at", c_int64), ("public_key_length", c_uint32),
        ("public_key", c_uint8 * 65), ("phone_number", c_char * 17),
        ("device_id", c_char * ID_SIZE), ("prove_id", c_char * ID_SIZE),
        ("visitor_id", c_char * ID_SIZE), ("client_customer_id", c_char * ID_SIZE),
        ("client_human_id", c_char * ID_SIZE), ("device_name", c_char * ID_SIZE),
    ]


class CursorStruct(Structure):
    _fields_ = [("size", c_uint32), ("is_at_end", c_uint32), ("text", c_char * 72)]


class RequestStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("channel", c_uint32), ("rebind", c_uint32), ("unused", c_uint32),
        ("phone_number", c_char_p), ("prove_id", c_char_p), ("stored_device_id", c_char_p),
        ("visitor_id", c_char_p), ("visitor_confidence", c_double),
        ("client_customer_id", c_char_p), ("client_human_id", c_char_p),
        ("assertion", c_char_p), ("assertion_length", c_size_t), ("challenge", c_char_p),
        ("challenge_length", c_size_t),
    ]


class DecisionStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("row", c_uint32), ("outcome", c_uint32), ("action", c_uint32),
        ("wire_code", c_uint32), ("candidate_count", c_uint32), ("reason", c_char * 64),
        ("device_id", c_char * ID_SIZE),
    ]


class PossessionStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("passed", c_uint32), ("phone_number", c_char_p),
        ("prove_id", c_char_p),
    ]


class ErasureStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("unused", c_uint32), ("erased_at", c_int64),
        ("registrations", c_uint64), ("details", c_uint64), ("items", c_uint64),
    ]


class SweepStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("is_complete", c_uint32), ("deactivated", c_uint64),
        ("items_removed", c_uint64), ("details_erased", c_uint64),
    ]


class PlacingStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("device_kind", c_uint32), ("new_key", POINTER(NewKeyStruct)),
        ("challenge", c_char_p), ("challenge_length", c_size_t), ("device_name", c_char_p),
        ("visitor_id", c_char_p), ("client_customer_id", c_char_p),
        ("client_human_id", c_char_p),
    ]


class EventStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("row", c_uint32), ("sequence", c_uint64), ("at", c_int64),
        ("policy_version", c_uint32), ("has_detail", c_uint32), ("kind", c_char * 32),
        ("reason", c_char * 64), ("actor", c_char * ID_SIZE),
    ]


class RegistryReportStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("is_sound", c_uint32), ("registrations", c_uint64),
        ("events", c_uint64), ("has_set_digests", c_uint32), ("problem_count", c_uint32),
    ]


class ReplayStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("agrees", c_uint32), ("events", c_uint64), ("decisions", c_uint64),
        ("reproduced", c_uint64), ("erased", c_uint64),
    ]


class RegistryCopyStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("unused", c_uint32), ("registrations", c_uint64),
        ("events", c_uint64), ("file_bytes", c_int64),
    ]


class RegistryFactsStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("unused", c_uint32), ("placed", c_uint64), ("bound", c_uint64),
        ("unbound", c_uint64), ("revoked", c_uint64), ("events", c_uint64), ("items", c_uint64),
        ("file_bytes", c_int64),
    ]


class ExportCursorStruct(Structure):
    _fields_ = [("size", c_uint32), ("is_at_end", c_uint32), ("device_id", c_char * ID_SIZE)]


class ImportStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("unused", c_uint32), ("lines", c_uint64), ("imported", c_uint64),
        ("identical", c_uint64), ("refused", c_uint64),
    ]


# The provider's bytes come as addresses: a copy of a key in a Python object could not be zeroed.
WRAP = ctypes.CFUNCTYPE(c_int32, c_void_p, c_void_p, c_size_t, c_void_p, c_size_t, c_void_p,
                        POINTER(c_size_t))
UNWRAP = ctypes.CFUNCTYPE(c_int32, c_void_p, c_void_p, c_size_t, c_void_p, c_size_t, c_void_p,
                          c_size_t)


class ProviderStruct(Structure):
    _fields_ = [
        ("size", c_uint32), ("unused", c_uint32), ("name", c_char_p), ("context", c_void_p),
        ("wrap", WRAP), ("unwrap", UNWRAP),
    ]


PROGRESS = ctypes.CFUNCTYPE(c_int32, c_void_p, c_uint64, c_uint64)
S = TypeVar("S", bound=Structure)


def sized(kind: Type[S], /, **fields: Any) -> S:
    """A zeroed struct that carries its size."""
    return kind(size=ctypes.sizeof(kind), **fields)


def sized_array(kind: Type[S], count: int) -> Any:
    array = (kind * count)()
    if count:
        array[0].size = ctypes.sizeof(kind)
    return array


def text(value: Optional[str]) -> Optional[bytes]:
    """A text that ends with a NUL; one that holds a NUL would be cut off there."""
    if value is not None and "\0" in value:
        raise ValueError("a text holds a NUL")
    return None if value is None else value.encode()


def check(status: int, error: Error) -> None:
    if status != OK:
        raise StoreError(error.code, error.domain, error.detail,
                         error.message.decode("utf-8", "replace"))


def call(name: str, *arguments: Any) -> None:
    """Makes a call, the error struct being the last of its arguments."""
    error = sized(Error)
    check(getattr(_library, name)(*arguments, ctypes.byref(error)), error)


def found(name: str, *arguments: Any) -> bool:
    """Makes a call that may find nothing."""
    error = sized(Error)
    status: int = getattr(_library, name)(*arguments, ctypes.byref(error))
    if status == NOT_FOUND:
        return False
    check(status, error)
    return True


def read_bytes(name: str, *arguments: Any, capacity: int = 512) -> Optional[bytes]:
    """Makes a call that fills a buffer, again with a larger one where it says so."""
    while True:
        buffer, length, error = (c_uint8 * capacity)(), c_size_t(), sized(Error)
        status: int = getattr(_library, name)(
            *arguments, buffer, c_size_t(capacity), ctypes.byref(length), ctypes.byref(error))
        if status == BUFFER_TOO_SMALL and length.value >= capacity:
            capacity = length.value + 1
            continue
        if status == NOT_FOUND:
            return None
        check(status, error)
        return bytes(buffer[: length.value])


class Handle:
    """Something open in the library; closed by `close`, by `with`, or with the object."""

    def __init__(self, handle: int) -> None:
        self._value = handle

    @property
    def _handle(self) -> c_uint64:
        return c_uint64(self._value)

    def close(self) -> None:
        """Closes it; closing again does nothing, and later calls raise StoreError."""
        value, self._value = self._value, 0
        if value:
            call("pks_close", c_uint64(value))

    def __enter__(self: "H") -> "H":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        value, self._value = getattr(self, "_value", 0), 0
        if value:
            _library.pks_close(c_uint64(value), None)


H = TypeVar("H", bound=Handle)


def read_reply(handle: c_uint64) -> bytes:
    """Reads a reply, and closes it."""
    with Handle(handle.value) as reply:
        return read_bytes("pks_reply_read", reply._handle) or b""
