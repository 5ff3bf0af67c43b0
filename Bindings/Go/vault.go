package provekeystore

/*
#include <provekeystore.h>
*/
import "C"

import "unsafe"

// Vault keeps keys, and signs with them.
type Vault struct{ handle C.pks_vault }

// Key is the public half of a key.
type Key struct {
	DeviceID  string
	PublicKey []byte
	IsPlaced  bool
}

// NewKey is a key that a device offers, with proof over the server's challenge.
type NewKey struct{ offered C.pks_new_key }

// DeviceID is the offered key's id.
func (k *NewKey) DeviceID() string { return C.GoString(&k.offered.device_id[0]) }

// OpenVault opens a vault, and creates it when there is none.
func OpenVault(path string, unlock Unlock) (*Vault, error) {
	var lent arena
	defer lent.free()
	how, err := lent.unlock(unlock)
	if err != nil {
		return nil, err
	}
	var vault Vault
	err = call(func(e *C.pks_error) C.pks_status {
		return C.pks_vault_open(lent.text(path), how, nil, &vault.handle, e)
	})
	if err != nil {
		return nil, err
	}
	return &vault, nil
}

// Close closes the vault; calls of other goroutines then say CLOSED.
func (v *Vault) Close() error { return closeHandle(C.uint64_t(v.handle)) }

// PlaceKey makes a pending key of a scope, or gives the one that is pending.
func (v *Vault) PlaceKey(config BuildConfig, origin string) (Key, error) {
	var lent arena
	defer lent.free()
	key := newKeyStruct()
	err := call(func(e *C.pks_error) C.pks_status {
		return C.pks_vault_place_key(v.handle, C.uint32_t(config), lent.text(origin), nil, &key, e)
	})
	return read(&key), err
}

// Offer gives what to send to the server for the scope's pending key; nil when there is none.
func (v *Vault) Offer(config BuildConfig, origin string, challenge []byte) (*NewKey, error) {
	var lent arena
	defer lent.free()
	var key NewKey
	key.offered.size = C.uint32_t(unsafe.Sizeof(key.offered))
	there, err := found(func(e *C.pks_error) C.pks_status {
		return C.pks_vault_offer(v.handle, C.uint32_t(config), lent.text(origin),
			lent.bytes(challenge), C.size_t(len(challenge)), &key.offered, e)
	})
	if !there {
		return nil, err
	}
	return &key, nil
}

// ConfirmKey makes the pending key a placed one: the server has answered.
func (v *Vault) ConfirmKey(config BuildConfig, origin, deviceID string) error {
	var lent arena
	defer lent.free()
	return call(func(e *C.pks_error) C.pks_status {
		return C.pks_vault_confirm_key(v.handle, C.uint32_t(config), lent.text(origin),
			lent.text(deviceID), nil, e)
	})
}

// Key gives the key of an id; false when there is none.
func (v *Vault) Key(deviceID string) (Key, bool, error) {
	var lent arena
	defer lent.free()
	key := newKeyStruct()
	there, err := found(func(e *C.pks_error) C.pks_status {
		return C.pks_vault_key(v.handle, lent.text(deviceID), &key, e)
	})
	return read(&key), there, err
}

// Sign gives an encoded assertion over a challenge of 16 to 255 bytes.
func (v *Vault) Sign(deviceID string, challenge []byte) ([]byte, error) {
	var lent arena
	defer lent.free()
	var assertion [C.PKS_ASSERTION_SIZE]C.uint8_t
	var length C.size_t
	err := call(func(e *C.pks_error) C.pks_status {
		return C.pks_vault_sign(v.handle, lent.text(deviceID), lent.bytes(challenge),
			C.size_t(len(challenge)), &assertion[0], C.PKS_ASSERTION_SIZE, &length, e)
	})
	return C.GoBytes(unsafe.Pointer(&assertion[0]), C.int(length)), err
}

// VaultInfo has facts about a vault that tell nothing of its content.
type VaultInfo struct {
	UnlockMethod string
	IsEntangled  bool
	IsShared     bool
	EpochCount   int
	Generation   uint64
	Records      uint64
	Keys         uint64
	FileBytes    int64
}

var methods = map[C.uint32_t]string{
	C.PKS_METHOD_RAW_KEY: "rawKey", C.PKS_METHOD_PASSPHRASE: "passphrase",
	C.PKS_METHOD_KEY_FILE: "keyFile", C.PKS_METHOD_PROVIDER: "provider",
}

// Info gives facts about the vault; keyring and program are the method "provider".
func (v *Vault) Info() (VaultInfo, error) {
	var facts C.pks_vault_facts
	facts.size = C.uint32_t(unsafe.Sizeof(facts))
	err := call(func(e *C.pks_error) C.pks_status { return C.pks_vault_info(v.handle, &facts, e) })
	return VaultInfo{
		UnlockMethod: methods[facts.unlock_method], IsEntangled: facts.is_entangled != 0,
		IsShared: facts.mode == C.PKS_SHARED, EpochCount: int(facts.epoch_count),
		Generation: uint64(facts.generation), Records: uint64(facts.records),
		Keys: uint64(facts.keys), FileBytes: int64(facts.file_bytes),
	}, err
}

func newKeyStruct() C.pks_key {
	var key C.pks_key
	key.size = C.uint32_t(unsafe.Sizeof(key))
	return key
}

func read(key *C.pks_key) Key {
	return Key{
		DeviceID:  C.GoString(&key.device_id[0]),
		PublicKey: C.GoBytes(unsafe.Pointer(&key.public_key[0]), C.int(key.public_key_length)),
		IsPlaced:  key.state == C.PKS_KEY_PLACED,
	}
}
