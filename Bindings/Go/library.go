// Package provekeystore is the vault and registry of Prove Keys, through the C library.
//
// The compiler finds the library by pkg-config (see docs/c-library.md). Handles may be used by many
// goroutines, and closed while others use them.
package provekeystore

/*
#cgo pkg-config: provekeystore
#include <stdlib.h>
#include <string.h>
#include <provekeystore.h>
*/
import "C"

import (
	"errors"
	"fmt"
	"time"
	"unsafe"
)

// BuildConfig is an environment and region of Prove.
type BuildConfig uint32

// The build configs.
const (
	USUAT  BuildConfig = C.PKS_US_UAT
	USProd BuildConfig = C.PKS_US_PROD
	EUUAT  BuildConfig = C.PKS_EU_UAT
	EUProd BuildConfig = C.PKS_EU_PROD
)

// Error is what the library refused.
type Error struct {
	// Name is as in "WRONG_KEY".
	Name    string
	Code    int
	Detail  int64
	Message string
}

func (e *Error) Error() string { return e.Name + ": " + e.Message }

// IsCode says whether an error is the library's refusal of that name.
func IsCode(err error, name string) bool {
	var refused *Error
	return errors.As(err, &refused) && refused.Name == name
}

// Version is the library's version at run time.
func Version() string { return C.GoString(C.pks_version()) }

// call makes a call with an error struct on the C side, and reads it when the call fails.
func call(body func(*C.pks_error) C.pks_status) error {
	var failed C.pks_error
	failed.size = C.uint32_t(unsafe.Sizeof(failed))
	if body(&failed) == C.PKS_OK {
		return nil
	}
	return &Error{
		Name: C.GoString(C.pks_status_name(failed.code)), Code: int(failed.code),
		Detail: int64(failed.detail), Message: C.GoString(&failed.message[0]),
	}
}

// found makes a call that may find nothing.
func found(body func(*C.pks_error) C.pks_status) (bool, error) {
	err := call(body)
	if IsCode(err, "NOT_FOUND") {
		return false, nil
	}
	return err == nil, err
}

// arena holds what C is lent during one call: Go's own memory may not be pointed to from a struct.
type arena struct{ blocks []unsafe.Pointer }

func (a *arena) free() {
	for _, block := range a.blocks {
		C.free(block)
	}
}

func (a *arena) text(text string) *C.char {
	lent := C.CString(text)
	a.blocks = append(a.blocks, unsafe.Pointer(lent))
	return lent
}

// optional gives NULL for an empty text.
func (a *arena) optional(text string) *C.char {
	if text == "" {
		return nil
	}
	return a.text(text)
}

func (a *arena) bytes(bytes []byte) *C.uint8_t {
	if len(bytes) == 0 {
		return nil
	}
	lent := C.CBytes(bytes)
	a.blocks = append(a.blocks, lent)
	return (*C.uint8_t)(lent)
}

func closeHandle(handle C.uint64_t) error {
	return call(func(e *C.pks_error) C.pks_status { return C.pks_close(handle, e) })
}

// Unlock says how a vault or registry is unlocked: one of its fields.
type Unlock struct {
	RawKey     []byte
	Passphrase string
	KeyFile    string
	Keyring    *Keyring
	Program    *KeyProgram
}

// KeyringKind says who may use a key in the kernel's keyring, and how long it lives.
type KeyringKind uint32

// The keyrings: see pks_keyring_kind.
const (
	UserKeyring       KeyringKind = C.PKS_KEYRING_USER
	SessionKeyring    KeyringKind = C.PKS_KEYRING_SESSION
	PersistentKeyring KeyringKind = C.PKS_KEYRING_PERSISTENT
)

// Keyring is a 32-byte key in the Linux kernel's keyring.
type Keyring struct {
	Kind        KeyringKind
	Description string
}

// Create puts a key there, nil for a random one; ALREADY_EXISTS when there is one.
func (k *Keyring) Create(key []byte) error {
	var lent arena
	defer lent.free()
	return call(func(e *C.pks_error) C.pks_status {
		return C.pks_keyring_create(lent.keyring(k), unsafe.Pointer(lent.bytes(key)), C.size_t(len(key)), e)
	})
}

// Remove revokes the key: what it wrapped is lost. False when there was none.
func (k *Keyring) Remove() (bool, error) {
	var lent arena
	defer lent.free()
	return found(func(e *C.pks_error) C.pks_status { return C.pks_keyring_remove(lent.keyring(k), e) })
}

// KeyProgram is a program that is started whenever a key is to be wrapped or unwrapped; see
// docs/unlocking.md. Arguments begin with its absolute path; a nil Environment is PATH=/usr/bin:/bin
// alone, an empty Name "program", and a TimeLimit of 0 thirty seconds.
type KeyProgram struct {
	Arguments   []string
	Name        string
	Environment []string
	TimeLimit   time.Duration
}

// CreateKeyFile makes a key file of 32 random bytes and mode 0600.
func CreateKeyFile(path string) error {
	var lent arena
	defer lent.free()
	return call(func(e *C.pks_error) C.pks_status { return C.pks_key_file_create(lent.text(path), e) })
}

func (a *arena) keyring(from *Keyring) *C.pks_keyring {
	var none *C.pks_keyring
	keyring := (*C.pks_keyring)(a.zeroed(unsafe.Sizeof(*none)))
	keyring.size = C.uint32_t(unsafe.Sizeof(*none))
	keyring.kind = C.uint32_t(from.Kind)
	keyring.description = a.text(from.Description)
	return keyring
}

func (a *arena) program(from *KeyProgram) *C.pks_program {
	var none *C.pks_program
	program := (*C.pks_program)(a.zeroed(unsafe.Sizeof(*none)))
	program.size = C.uint32_t(unsafe.Sizeof(*none))
	program.time_limit_milliseconds = C.uint32_t(from.TimeLimit.Milliseconds())
	program.name = a.optional(from.Name)
	program.arguments = a.list(from.Arguments)
	if from.Environment != nil {
		program.environment = a.list(from.Environment)
	}
	return program
}

// list gives texts that end with a NULL.
func (a *arena) list(texts []string) **C.char {
	var none *C.char
	first := (**C.char)(a.zeroed(uintptr(len(texts)+1) * unsafe.Sizeof(none)))
	places := unsafe.Slice(first, len(texts))
	for i, text := range texts {
		places[i] = a.text(text)
	}
	return first
}

func (a *arena) zeroed(size uintptr) unsafe.Pointer {
	block := C.calloc(1, C.size_t(size))
	a.blocks = append(a.blocks, block)
	return block
}

func (a *arena) unlock(from Unlock) (*C.pks_unlock, error) {
	unlock := (*C.pks_unlock)(a.zeroed(unsafe.Sizeof(C.pks_unlock{})))
	unlock.size = C.uint32_t(unsafe.Sizeof(*unlock))
	switch {
	case from.RawKey != nil:
		unlock.method = C.PKS_METHOD_RAW_KEY
		unlock.secret = unsafe.Pointer(a.bytes(from.RawKey))
		unlock.secret_length = C.size_t(len(from.RawKey))
	case from.Passphrase != "":
		unlock.method = C.PKS_METHOD_PASSPHRASE
		unlock.secret = unsafe.Pointer(a.text(from.Passphrase))
		unlock.secret_length = C.size_t(len(from.Passphrase))
	case from.KeyFile != "":
		unlock.method = C.PKS_METHOD_KEY_FILE
		unlock.path = a.text(from.KeyFile)
	case from.Keyring != nil:
		unlock.method = C.PKS_METHOD_KEYRING
		unlock.keyring = a.keyring(from.Keyring)
	case from.Program != nil:
		unlock.method = C.PKS_METHOD_PROGRAM
		unlock.program = a.program(from.Program)
	default:
		return nil, fmt.Errorf("provekeystore: no way to unlock was named")
	}
	return unlock, nil
}

// readReply copies a reply, and closes it.
func readReply(reply C.pks_reply) ([]byte, error) {
	var length C.size_t
	err := call(func(e *C.pks_error) C.pks_status {
		if status := C.pks_reply_read(reply, nil, 0, &length, e); status != C.PKS_BUFFER_TOO_SMALL {
			return status
		}
		return C.PKS_OK
	})
	text := make([]byte, length)
	if err == nil && length > 0 {
		err = call(func(e *C.pks_error) C.pks_status {
			return C.pks_reply_read(reply, (*C.char)(unsafe.Pointer(&text[0])), length, &length, e)
		})
	}
	return text, errors.Join(err, closeHandle(C.uint64_t(reply)))
}

// NormalisePhoneNumber gives a number in E.164, by Prove's rules.
func NormalisePhoneNumber(text string) (string, error) {
	var lent arena
	defer lent.free()
	var number [C.PKS_PHONE_SIZE]C.char
	var length C.size_t
	err := call(func(e *C.pks_error) C.pks_status {
		return C.pks_phone_normalise(lent.text(text), &number[0], C.PKS_PHONE_SIZE, &length, e)
	})
	return C.GoString(&number[0]), err
}
