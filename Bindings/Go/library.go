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

// Unlock says how a vault or registry is unlocked.
type Unlock struct {
	RawKey     []byte
	Passphrase string
	KeyFile    string
}

func (a *arena) unlock(from Unlock) (*C.pks_unlock, error) {
	block := C.calloc(1, C.size_t(unsafe.Sizeof(C.pks_unlock{})))
	a.blocks = append(a.blocks, block)
	unlock := (*C.pks_unlock)(block)
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
	default:
		return nil, fmt.Errorf("provekeystore: no way to unlock was named")
	}
	return unlock, nil
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
