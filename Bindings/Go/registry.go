package provekeystore

/*
#include <stdlib.h>
#include <provekeystore.h>
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// Registry registers keys and decides authentications.
type Registry struct{ handle C.pks_registry }

// Registration is what a registry holds of a key.
type Registration struct {
	DeviceID    string
	PhoneNumber string
	ProveID     string
	IsBound     bool
	IsRevoked   bool
	IsInactive  bool
}

// Request is what an authentication asks for, on the channel "mobile"; empty texts stand for none.
type Request struct {
	PhoneNumber    string
	StoredDeviceID string
	Rebind         bool
	Assertion      []byte
	Challenge      []byte
}

// Outcome is what follows from a decision.
type Outcome uint32

// The outcomes.
const (
	Authenticate      Outcome = C.PKS_AUTHENTICATE
	Recover           Outcome = C.PKS_RECOVER
	RequirePossession Outcome = C.PKS_REQUIRE_POSSESSION
	Reject            Outcome = C.PKS_REJECT
)

// Decision is what the rules say of a request; Ticket completes it.
type Decision struct {
	Row      int
	Outcome  Outcome
	Reason   string
	WireCode int
	Ticket   string
}

// OpenRegistry opens a store, as in "sqlite:registry.sqlite", and creates it when there is none.
func OpenRegistry(store string, unlock Unlock, tenant string, config BuildConfig) (*Registry, error) {
	var lent arena
	defer lent.free()
	how, err := lent.unlock(unlock)
	if err != nil {
		return nil, err
	}
	var options C.pks_registry_options
	block := C.calloc(1, C.size_t(unsafe.Sizeof(options)))
	lent.blocks = append(lent.blocks, block)
	given := (*C.pks_registry_options)(block)
	given.size = C.uint32_t(unsafe.Sizeof(options))
	given.store = lent.text(store)
	given.unlock = how
	given.tenant = lent.text(tenant)
	given.build_config = C.uint32_t(config)
	given.mode = C.PKS_SHARED
	var registry Registry
	err = call(func(e *C.pks_error) C.pks_status {
		return C.pks_registry_open(given, &registry.handle, e)
	})
	if err != nil {
		return nil, err
	}
	return &registry, nil
}

// Close closes the registry.
func (r *Registry) Close() error { return closeHandle(C.uint64_t(r.handle)) }

// Challenge makes bytes for a device to sign, once, within 15 minutes.
func (r *Registry) Challenge() ([]byte, error) {
	var challenge [C.PKS_CHALLENGE_SIZE]C.uint8_t
	var length C.size_t
	err := call(func(e *C.pks_error) C.pks_status {
		return C.pks_registry_challenge(r.handle, &challenge[0], C.PKS_CHALLENGE_SIZE, &length, e)
	})
	return C.GoBytes(unsafe.Pointer(&challenge[0]), C.int(length)), err
}

// Resolve reads the registration of an id; false when there is none.
func (r *Registry) Resolve(deviceID string) (Registration, bool, error) {
	var lent arena
	defer lent.free()
	one := newRegistration()
	there, err := found(func(e *C.pks_error) C.pks_status {
		return C.pks_registry_resolve(r.handle, lent.text(deviceID), &one, e)
	})
	return readRegistration(&one), there, err
}

// Decide decides a request.
func (r *Registry) Decide(request Request) (Decision, error) {
	var lent arena
	defer lent.free()
	block := C.calloc(1, C.size_t(unsafe.Sizeof(C.pks_request{})))
	lent.blocks = append(lent.blocks, block)
	asked := (*C.pks_request)(block)
	asked.size = C.uint32_t(unsafe.Sizeof(*asked))
	asked.channel = C.PKS_CHANNEL_MOBILE
	if request.Rebind {
		asked.rebind = 1
	}
	asked.phone_number = lent.optional(request.PhoneNumber)
	asked.stored_device_id = lent.optional(request.StoredDeviceID)
	asked.assertion = lent.bytes(request.Assertion)
	asked.assertion_length = C.size_t(len(request.Assertion))
	asked.challenge = lent.bytes(request.Challenge)
	asked.challenge_length = C.size_t(len(request.Challenge))
	var made C.pks_decision
	made.size = C.uint32_t(unsafe.Sizeof(made))
	var ticket [C.PKS_TICKET_SIZE]C.char
	err := call(func(e *C.pks_error) C.pks_status {
		return C.pks_registry_decide(r.handle, asked, &made, &ticket[0], C.PKS_TICKET_SIZE, e)
	})
	return Decision{
		Row: int(made.row), Outcome: Outcome(made.outcome), Reason: C.GoString(&made.reason[0]),
		WireCode: int(made.wire_code), Ticket: C.GoString(&ticket[0]),
	}, err
}

// Complete lets a decision take effect. Where it demands possession, verified is the number whose
// possession was proven; where it needs a new key, that comes with the challenge it answers.
func (r *Registry) Complete(ticket, verified string, key *NewKey, challenge []byte) (Registration, error) {
	var lent arena
	defer lent.free()
	var possession *C.pks_possession
	if verified != "" {
		block := C.calloc(1, C.size_t(unsafe.Sizeof(*possession)))
		lent.blocks = append(lent.blocks, block)
		possession = (*C.pks_possession)(block)
		possession.size = C.uint32_t(unsafe.Sizeof(*possession))
		possession.passed = 1
		possession.phone_number = lent.text(verified)
	}
	var offered *C.pks_new_key
	if key != nil {
		offered = &key.offered
	}
	done := newRegistration()
	err := call(func(e *C.pks_error) C.pks_status {
		return C.pks_registry_complete(r.handle, lent.text(ticket), possession, offered,
			lent.bytes(challenge), C.size_t(len(challenge)), &done, e)
	})
	return readRegistration(&done), err
}

// Revoke disables a key for good.
func (r *Registry) Revoke(deviceID, reason string) error {
	var lent arena
	defer lent.free()
	return call(func(e *C.pks_error) C.pks_status {
		return C.pks_registry_revoke(r.handle, lent.text(deviceID), lent.optional(reason), nil, nil, e)
	})
}

// Unbind takes the binding of a key away.
func (r *Registry) Unbind(deviceID, reason string) (Registration, error) {
	var lent arena
	defer lent.free()
	done := newRegistration()
	err := call(func(e *C.pks_error) C.pks_status {
		return C.pks_registry_unbind(r.handle, lent.text(deviceID), lent.optional(reason), nil, &done, e)
	})
	return readRegistration(&done), err
}

// Bind binds a placed or unbound key to a number whose possession the caller vouches for.
func (r *Registry) Bind(deviceID, phoneNumber string) (Registration, error) {
	var lent arena
	defer lent.free()
	done := newRegistration()
	err := call(func(e *C.pks_error) C.pks_status {
		return C.pks_registry_bind(r.handle, lent.text(deviceID), lent.text(phoneNumber), nil, nil, &done, e)
	})
	return readRegistration(&done), err
}

// Disconnect notes that a number is out of service, and says how many keys then need a rebind.
func (r *Registry) Disconnect(phoneNumber string) (int, error) {
	var lent arena
	defer lent.free()
	var count C.uint64_t
	err := call(func(e *C.pks_error) C.pks_status {
		return C.pks_registry_disconnect(r.handle, lent.text(phoneNumber), nil, &count, e)
	})
	return int(count), err
}

// Verify opens and checks everything, and says how many problems there are.
func (r *Registry) Verify() (int, error) {
	var report C.pks_registry_report
	report.size = C.uint32_t(unsafe.Sizeof(report))
	err := call(func(e *C.pks_error) C.pks_status {
		return C.pks_registry_verify(r.handle, nil, nil, &report, nil, e)
	})
	return int(report.problem_count), err
}

// RegistryInfo says how much there is; FileBytes is -1 where it is not known.
type RegistryInfo struct {
	Placed, Bound, Unbound, Revoked, Events, Items uint64
	FileBytes                                      int64
}

// Info says how much there is.
func (r *Registry) Info() (RegistryInfo, error) {
	var facts C.pks_registry_facts
	facts.size = C.uint32_t(unsafe.Sizeof(facts))
	err := call(func(e *C.pks_error) C.pks_status { return C.pks_registry_info(r.handle, &facts, e) })
	return RegistryInfo{
		Placed: uint64(facts.placed), Bound: uint64(facts.bound), Unbound: uint64(facts.unbound),
		Revoked: uint64(facts.revoked), Events: uint64(facts.events), Items: uint64(facts.items),
		FileBytes: int64(facts.file_bytes),
	}, err
}

// ExportLines gives body all registrations, some lines of JSON with their ends at a time, which hold
// numbers in the clear. After is empty, or the id after which to go on.
func (r *Registry) ExportLines(after string, body func(lines []byte) error) error {
	var cursor C.pks_export_cursor
	cursor.size = C.uint32_t(unsafe.Sizeof(cursor))
	if len(after) >= len(cursor.device_id) {
		return fmt.Errorf("provekeystore: an id has at most 255 bytes")
	}
	for i := 0; i < len(after); i++ {
		cursor.device_id[i] = C.char(after[i])
	}
	for cursor.is_at_end == 0 {
		var reply C.pks_reply
		err := call(func(e *C.pks_error) C.pks_status {
			return C.pks_registry_export_lines(r.handle, &cursor, &reply, e)
		})
		if err != nil {
			return err
		}
		lines, err := readReply(reply)
		if err == nil && len(lines) > 0 {
			err = body(lines)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ImportReport is what an import did; Refusals has a line for each line that was refused, as in
// "3: 'placedAt' must be ...".
type ImportReport struct {
	Lines, Imported, Identical, Refused uint64
	Refusals                            string
}

// ImportLines registers what an export wrote: whole lines, at most 32 MiB of them at once.
func (r *Registry) ImportLines(lines []byte, actor string) (ImportReport, error) {
	var lent arena
	defer lent.free()
	var report C.pks_import
	report.size = C.uint32_t(unsafe.Sizeof(report))
	var reply C.pks_reply
	err := call(func(e *C.pks_error) C.pks_status {
		text := (*C.char)(unsafe.Pointer(lent.bytes(lines)))
		return C.pks_registry_import_lines(
			r.handle, text, C.size_t(len(lines)), lent.optional(actor), &report, &reply, e)
	})
	if err != nil {
		return ImportReport{}, err
	}
	refusals, err := readReply(reply)
	return ImportReport{
		Lines: uint64(report.lines), Imported: uint64(report.imported),
		Identical: uint64(report.identical), Refused: uint64(report.refused),
		Refusals: string(refusals),
	}, err
}

func newRegistration() C.pks_registration {
	var registration C.pks_registration
	registration.size = C.uint32_t(unsafe.Sizeof(registration))
	return registration
}

func readRegistration(from *C.pks_registration) Registration {
	return Registration{
		DeviceID:    C.GoString(&from.device_id[0]),
		PhoneNumber: C.GoString(&from.phone_number[0]),
		ProveID:     C.GoString(&from.prove_id[0]),
		IsBound:     from.state == C.PKS_STATE_BOUND,
		IsRevoked:   from.state == C.PKS_STATE_REVOKED,
		IsInactive:  from.is_inactive != 0,
	}
}
