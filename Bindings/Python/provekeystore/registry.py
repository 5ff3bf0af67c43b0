"""The server's side: registers keys, decides authentications, changes bindings."""

from __future__ import annotations

import ctypes
from ctypes import c_char_p, c_size_t, c_uint32, c_uint64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Iterable, Iterator, List, Optional, Sequence, Tuple

from . import _library as lib

if TYPE_CHECKING:
    from .unlock import Unlock

_OUTCOMES = {1: "authenticate", 2: "recover", 3: "requirePossession", 4: "reject"}
_ACTIONS = {0: "none", 1: "place", 2: "bind", 3: "rebind", 4: "rekey"}
_STATES = {1: "placed", 2: "bound", 3: "unbound", 4: "revoked"}
_CHANNELS = {"mobile": 1, "desktop": 2, "none": 3}
# Lines are handed over in parts that are well below what a call takes.
_IMPORT_BYTES = 8_000_000
_SUBJECTS = {"phoneNumber": 1, "proveId": 2, "clientCustomerId": 3, "clientHumanId": 4,
             "deviceId": 5}


@dataclass(frozen=True)
class NewKey:
    """A key that a device offers, with proof over the server's challenge."""

    device_id: str
    algorithm: int
    public_key: bytes
    proof: bytes

    def _struct(self) -> lib.NewKeyStruct:
        if len(self.public_key) > 65 or len(self.proof) > lib.ASSERTION_SIZE:
            raise ValueError("the key or its proof is too long")
        key = lib.sized(lib.NewKeyStruct, algorithm=self.algorithm,
                        public_key_length=len(self.public_key), proof_length=len(self.proof),
                        device_id=lib.text(self.device_id))
        ctypes.memmove(key.public_key, self.public_key, len(self.public_key))
        ctypes.memmove(key.proof, self.proof, len(self.proof))
        return key


@dataclass(frozen=True)
class Registration:
    """A registration. Times are milliseconds since 1970."""

    device_id: str
    state: str
    phone_number: Optional[str]
    prove_id: Optional[str]
    visitor_id: Optional[str]
    client_customer_id: Optional[str]
    client_human_id: Optional[str]
    device_name: Optional[str]
    public_key: bytes
    is_suspended: bool
    is_inactive: bool
    placed_at: int
    last_authenticated_at: Optional[int]
    becomes_inactive_at: int

    @classmethod
    def _of(cls, read: lib.RegistrationStruct) -> Optional["Registration"]:
        if read.state == 0:
            return None

        def text(field: bytes) -> Optional[str]:
            return field.decode() or None

        return cls(
            read.device_id.decode(), _STATES[read.state], text(read.phone_number),
            text(read.prove_id), text(read.visitor_id), text(read.client_customer_id),
            text(read.client_human_id), text(read.device_name),
            bytes(read.public_key[: read.public_key_length]), bool(read.is_suspended),
            bool(read.is_inactive), read.placed_at, read.last_authenticated_at or None,
            read.becomes_inactive_at)


@dataclass(frozen=True)
class Event:
    """What happened to a registration. `kind` as in "bound"; there may be more later."""

    sequence: int
    at: int
    kind: str
    row: Optional[str]
    reason: Optional[str]
    actor: str

    @classmethod
    def _of(cls, read: lib.EventStruct) -> "Event":
        return cls(read.sequence, read.at, read.kind.decode(), f"D{read.row}" if read.row else None,
                   read.reason.decode() or None, read.actor.decode())


@dataclass(frozen=True)
class Decision:
    """What the rules say of a request, and the ticket to complete it with."""

    row: str
    outcome: str
    action: str
    reason: Optional[str]
    device_id: Optional[str]
    wire_code: Optional[int]
    ticket: Optional[str]


@dataclass(frozen=True)
class RegistryInfo:
    """How much there is: registrations by state, events, and what expires."""

    placed: int
    bound: int
    unbound: int
    revoked: int
    events: int
    items: int
    file_bytes: Optional[int]


@dataclass(frozen=True)
class ImportReport:
    """What an import did. `refused_lines` has numbers from 1 and reasons, 1,000 of each call."""

    lines: int
    imported: int
    identical: int
    refused: int
    refused_lines: List[Tuple[int, str]]


class Policy:
    """The integrator's choices; those not named are the defaults of `pks_policy_default`."""

    def __init__(self, **choices: Any) -> None:
        self.struct = lib.sized(lib.PolicyStruct)
        lib.call("pks_policy_default", ctypes.byref(self.struct))
        known = {field[0] for field in lib.PolicyStruct._fields_} - {"size"}
        for name, value in choices.items():
            if name not in known:
                raise TypeError(f"a policy has no choice {name!r}")
            setattr(self.struct, name, value)


class Registry(lib.Handle):
    """A registry. Its calls may be made from many threads."""

    def __init__(self, store: str, unlock: "Unlock", *, tenant: str, build_config: int,
                 policy: Optional[Policy] = None, create: Optional[bool] = None,
                 exclusive: bool = False) -> None:
        """Opens `store`, as in "sqlite:registry.sqlite"."""
        options = lib.sized(
            lib.RegistryOptions, access={None: 0, True: 1, False: 2}[create],
            store=lib.text(store), unlock=ctypes.pointer(unlock.struct), tenant=lib.text(tenant),
            build_config=build_config, mode=0 if exclusive else 1,
            policy=ctypes.pointer((policy or Policy()).struct))
        handle = c_uint64()
        lib.call("pks_registry_open", ctypes.byref(options), ctypes.byref(handle))
        super().__init__(handle.value)

    def challenge(self) -> bytes:
        """Bytes for a device to sign, once, within 15 minutes."""
        challenge = lib.read_bytes("pks_registry_challenge", self._handle)
        assert challenge is not None
        return challenge

    def resolve(self, device_id: str) -> Optional[Registration]:
        """The registration of an id."""
        read = lib.sized(lib.RegistrationStruct)
        if not lib.found("pks_registry_resolve", self._handle, lib.text(device_id),
                         ctypes.byref(read)):
            return None
        return Registration._of(read)

    def resolve_many(self, device_ids: Sequence[str]) -> List[Optional[Registration]]:
        """The registrations of at most 1,000 ids, in their order."""
        count = len(device_ids)
        ids = (c_char_p * max(count, 1))(*[lib.text(i) for i in device_ids])
        read = lib.sized_array(lib.RegistrationStruct, count)
        lib.call("pks_registry_resolve_many", self._handle, ids, c_size_t(count), read)
        return [Registration._of(one) for one in read]

    def candidates(self, visitor_id: str, phone_number: Optional[str] = None,
                   limit: int = 100) -> List[Registration]:
        """The live, bound registrations of a visitor, latest first."""
        read, count = lib.sized_array(lib.RegistrationStruct, limit), c_size_t()
        lib.call("pks_registry_candidates", self._handle, lib.text(visitor_id),
                 lib.text(phone_number), read, c_size_t(limit), ctypes.byref(count))
        return [r for r in map(Registration._of, read[: count.value]) if r]

    def export(self, subject: str, value: str) -> Iterator[Registration]:
        """What is held on a subject: "phoneNumber", "proveId", "deviceId" and so on."""
        cursor, count = lib.sized(lib.CursorStruct), c_size_t()
        while not cursor.is_at_end:
            read = lib.sized_array(lib.RegistrationStruct, 100)
            lib.call("pks_registry_export", self._handle, c_uint32(_SUBJECTS[subject]),
                     lib.text(value), ctypes.byref(cursor), read, c_size_t(100),
                     ctypes.byref(count))
            yield from (r for r in map(Registration._of, read[: count.value]) if r)

    def decide(self, channel: str, *, phone_number: Optional[str] = None,
               prove_id: Optional[str] = None, stored_device_id: Optional[str] = None,
               visitor_id: Optional[str] = None, visitor_confidence: float = 1.0,
               rebind: bool = False, client_customer_id: Optional[str] = None,
               client_human_id: Optional[str] = None, assertion: Optional[bytes] = None,
               challenge: Optional[bytes] = None) -> Decision:
        """Decides a request of the channel "mobile", "desktop" or "none"."""
        request = lib.sized(
            lib.RequestStruct, channel=_CHANNELS[channel], rebind=int(rebind),
            phone_number=lib.text(phone_number), prove_id=lib.text(prove_id),
            stored_device_id=lib.text(stored_device_id), visitor_id=lib.text(visitor_id),
            visitor_confidence=visitor_confidence,
            client_customer_id=lib.text(client_customer_id),
            client_human_id=lib.text(client_human_id), assertion=assertion,
            assertion_length=len(assertion or b""), challenge=challenge,
            challenge_length=len(challenge or b""))
        made = lib.sized(lib.DecisionStruct)
        ticket = ctypes.create_string_buffer(lib.TICKET_SIZE)
        lib.call("pks_registry_decide", self._handle, ctypes.byref(request), ctypes.byref(made),
                 ticket, c_size_t(lib.TICKET_SIZE))
        return Decision(
            f"D{made.row}", _OUTCOMES[made.outcome], _ACTIONS[made.action],
            made.reason.decode() or None, made.device_id.decode() or None,
            made.wire_code or None, ticket.value.decode() or None)

    def complete(self, ticket: str, *, verified_phone_number: Optional[str] = None,
                 prove_id: Optional[str] = None, failed: bool = False,
                 new_key: Optional[NewKey] = None,
                 challenge: Optional[bytes] = None) -> Optional[Registration]:
        """Lets a decision take effect, with what became of the possession check where it needs one."""
        possession = None
        if failed or verified_phone_number is not None:
            possession = ctypes.byref(lib.sized(
                lib.PossessionStruct, passed=int(not failed),
                phone_number=lib.text(verified_phone_number), prove_id=lib.text(prove_id)))
        key = ctypes.byref(new_key._struct()) if new_key else None
        read = lib.sized(lib.RegistrationStruct)
        lib.call("pks_registry_complete", self._handle, lib.text(ticket), possession, key,
                 challenge, c_size_t(len(challenge or b"")), ctypes.byref(read))
        return Registration._of(read)

    def place_early(self, ticket: str, new_key: NewKey,
                    challenge: bytes) -> Tuple[Registration, str]:
        """Places a decision's key before possession is known, and returns the ticket that binds it."""
        next_ticket = ctypes.create_string_buffer(lib.TICKET_SIZE)
        read = lib.sized(lib.RegistrationStruct)
        lib.call("pks_registry_place_early", self._handle, lib.text(ticket),
                 ctypes.byref(new_key._struct()), challenge, c_size_t(len(challenge)),
                 ctypes.byref(read), next_ticket, c_size_t(lib.TICKET_SIZE))
        placed = Registration._of(read)
        assert placed is not None
        return placed, next_ticket.value.decode()

    def withdraw(self, ticket: str) -> None:
        """Uses a ticket up without effect."""
        lib.call("pks_registry_withdraw", self._handle, lib.text(ticket))

    def place(self, new_key: NewKey, challenge: bytes, device_kind: str = "web", *,
              device_name: Optional[str] = None, visitor_id: Optional[str] = None,
              client_customer_id: Optional[str] = None, client_human_id: Optional[str] = None,
              actor: Optional[str] = None) -> Registration:
        """Registers a key outside a flow, of a device that is "web" or "mobile"."""
        key = new_key._struct()
        placing = lib.sized(
            lib.PlacingStruct, device_kind={"web": 1, "mobile": 2}[device_kind],
            new_key=ctypes.pointer(key), challenge=challenge, challenge_length=len(challenge),
            device_name=lib.text(device_name), visitor_id=lib.text(visitor_id),
            client_customer_id=lib.text(client_customer_id),
            client_human_id=lib.text(client_human_id))
        return self._changed("pks_registry_place", ctypes.byref(placing), lib.text(actor))

    def bind(self, device_id: str, phone_number: str, prove_id: Optional[str] = None,
             actor: Optional[str] = None) -> Registration:
        """Binds a placed or unbound key."""
        return self._changed("pks_registry_bind", lib.text(device_id), lib.text(phone_number),
                             lib.text(prove_id), lib.text(actor))

    def rekey(self, new_key: NewKey, challenge: bytes,
              actor: Optional[str] = None) -> Registration:
        """Puts a new key in the place of a registration's old one; it keeps the id."""
        return self._changed("pks_registry_rekey", ctypes.byref(new_key._struct()), challenge,
                             c_size_t(len(challenge)), lib.text(actor))

    def unbind(self, device_id: str, reason: Optional[str] = None,
               actor: Optional[str] = None) -> Registration:
        """Takes the binding of a key away."""
        return self._changed("pks_registry_unbind", lib.text(device_id), lib.text(reason),
                             lib.text(actor))

    def suspend(self, device_id: str, reason: Optional[str] = None,
                actor: Optional[str] = None) -> Registration:
        """Bars a key from use."""
        return self._changed("pks_registry_suspend", lib.text(device_id), lib.text(reason),
                             lib.text(actor))

    def resume(self, device_id: str, reason: Optional[str] = None,
               actor: Optional[str] = None) -> Registration:
        """Lets a suspended key be used again."""
        return self._changed("pks_registry_resume", lib.text(device_id), lib.text(reason),
                             lib.text(actor))

    def rename(self, device_id: str, name: Optional[str],
               actor: Optional[str] = None) -> Registration:
        """Gives the device a name, or takes its name away."""
        return self._changed("pks_registry_rename", lib.text(device_id), lib.text(name),
                             lib.text(actor))

    def record_authentication(self, device_id: str,
                              actor: Optional[str] = None) -> Registration:
        """Notes an authentication that was decided elsewhere; `complete` does so by itself."""
        return self._changed("pks_registry_record_authentication", lib.text(device_id),
                             lib.text(actor))

    def _changed(self, name: str, *arguments: Any) -> Registration:
        read = lib.sized(lib.RegistrationStruct)
        lib.call(name, self._handle, *arguments, ctypes.byref(read))
        changed = Registration._of(read)
        assert changed is not None
        return changed

    def unbind_all(self, subject: str, value: str, reason: Optional[str] = None,
                   actor: Optional[str] = None) -> int:
        """Takes the bindings of all devices of a subject away, and returns how many were bound."""
        count = c_uint64()
        lib.call("pks_registry_unbind_all", self._handle, c_uint32(_SUBJECTS[subject]),
                 lib.text(value), lib.text(reason), lib.text(actor), ctypes.byref(count))
        return count.value

    def disconnect(self, phone_number: str, actor: Optional[str] = None) -> int:
        """Notes that a number is out of service, and returns how many keys then need a rebind."""
        count = c_uint64()
        lib.call("pks_registry_disconnect", self._handle, lib.text(phone_number),
                 lib.text(actor), ctypes.byref(count))
        return count.value

    def rebind(self, device_id: str, phone_number: str, prove_id: Optional[str] = None,
               actor: Optional[str] = None) -> Registration:
        """Binds a bound key to another number."""
        return self._changed("pks_registry_rebind", lib.text(device_id), lib.text(phone_number),
                             lib.text(prove_id), lib.text(actor))

    def revoke(self, device_id: str, reason: Optional[str] = None,
               actor: Optional[str] = None) -> bool:
        """Disables a key for good; False when it was already."""
        was_revoked = c_uint32()
        lib.call("pks_registry_revoke", self._handle, lib.text(device_id), lib.text(reason),
                 lib.text(actor), ctypes.byref(was_revoked))
        return not was_revoked.value

    def erase(self, subject: str, value: str, actor: Optional[str] = None) -> int:
        """Erases what is held on a subject, and returns how many registrations went."""
        receipt = lib.sized(lib.ErasureStruct)
        lib.call("pks_registry_erase", self._handle, c_uint32(_SUBJECTS[subject]),
                 lib.text(value), lib.text(actor), ctypes.byref(receipt))
        return int(receipt.registrations)

    def sweep(self, limit: int = 100_000) -> int:
        """Notes what has become inactive, and returns how many registrations."""
        report = lib.sized(lib.SweepStruct)
        lib.call("pks_registry_sweep", self._handle, c_uint64(limit), ctypes.byref(report))
        return int(report.deactivated)

    def events(self, device_id: str, after: int = 0, limit: int = 100) -> List[Event]:
        """What happened to a registration, after a sequence number (0 for the first)."""
        read, count = lib.sized_array(lib.EventStruct, limit), c_size_t()
        lib.call("pks_registry_events", self._handle, lib.text(device_id), c_uint64(after), read,
                 c_size_t(limit), ctypes.byref(count))
        return [Event._of(one) for one in read[: count.value]]

    def verify(self) -> List[str]:
        """Opens and checks everything, and returns what is wrong, without ids."""
        report, handle = lib.sized(lib.RegistryReportStruct), c_uint64()
        lib.call("pks_registry_verify", self._handle, None, None, ctypes.byref(report),
                 ctypes.byref(handle))
        return lib.read_reply(handle).decode().splitlines()

    def info(self) -> RegistryInfo:
        """How much there is."""
        facts = lib.sized(lib.RegistryFactsStruct)
        lib.call("pks_registry_info", self._handle, ctypes.byref(facts))
        return RegistryInfo(facts.placed, facts.bound, facts.unbound, facts.revoked, facts.events,
                            facts.items, None if facts.file_bytes < 0 else facts.file_bytes)

    def replay(self) -> bool:
        """Decides every kept decision again, and returns whether all came out as they were."""
        report = lib.sized(lib.ReplayStruct)
        lib.call("pks_registry_replay", self._handle, ctypes.byref(report))
        return bool(report.agrees)

    def export_lines(self, after: Optional[str] = None) -> Iterator[bytes]:
        """All registrations, each a line of JSON with its end, which hold numbers in the clear.

        `after` is the deviceId after which to go on, of an export that was interrupted.
        """
        cursor = lib.sized(lib.ExportCursorStruct, device_id=lib.text(after or ""))
        while not cursor.is_at_end:
            handle = c_uint64()
            lib.call("pks_registry_export_lines", self._handle, ctypes.byref(cursor),
                     ctypes.byref(handle))
            yield from lib.read_reply(handle).splitlines(keepends=True)

    def import_lines(self, lines: Iterable[bytes], actor: Optional[str] = None) -> ImportReport:
        """Registers what an export wrote, as from an open file; what is there already is passed over."""
        counts, refused, batch, size = [0, 0, 0, 0], [], [], 0

        def flush() -> None:
            text, report, handle = b"".join(batch), lib.sized(lib.ImportStruct), c_uint64()
            lib.call("pks_registry_import_lines", self._handle, text, c_size_t(len(text)),
                     lib.text(actor), ctypes.byref(report), ctypes.byref(handle))
            for line in lib.read_reply(handle).decode().splitlines():
                number, reason = line.split(": ", 1)
                refused.append((counts[0] + int(number), reason))
            for place, name in enumerate(["lines", "imported", "identical", "refused"]):
                counts[place] += getattr(report, name)
            batch.clear()

        for line in lines:
            if size + len(line) > _IMPORT_BYTES and batch:
                flush()
                size = 0
            batch.append(line if line.endswith(b"\n") else line + b"\n")
            size += len(batch[-1])
        flush()
        return ImportReport(*counts, refused)

    def backup(self, path: str) -> int:
        """Copies a registry on SQLite into a new file, and returns its registrations."""
        copy = lib.sized(lib.RegistryCopyStruct)
        lib.call("pks_registry_backup", self._handle, lib.text(path), None, None,
                 ctypes.byref(copy))
        return int(copy.registrations)
