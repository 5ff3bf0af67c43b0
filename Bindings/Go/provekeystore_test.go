package provekeystore

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const origin = "https://shop.example"

var raw = Unlock{RawKey: make([]byte, 32)}

func openBoth(t *testing.T) (*Registry, *Vault) {
	t.Helper()
	folder := t.TempDir()
	registry, err := OpenRegistry("sqlite:"+filepath.Join(folder, "r.sqlite"), raw, "shop", USUAT)
	must(t, err)
	vault, err := OpenVault(filepath.Join(folder, "d.vault"), raw)
	must(t, err)
	return registry, vault
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAKeyThatWasPlacedIsEnoughUntilItIsRevoked(t *testing.T) {
	registry, vault := openBoth(t)
	decision, err := registry.Decide(Request{PhoneNumber: "2001004014"})
	must(t, err)
	if decision.Outcome != RequirePossession {
		t.Fatalf("%+v", decision)
	}
	challenge, err := registry.Challenge()
	must(t, err)
	key, err := vault.PlaceKey(USUAT, origin)
	must(t, err)
	offered, err := vault.Offer(USUAT, origin, challenge)
	must(t, err)
	done, err := registry.Complete(decision.Ticket, "2001004014", offered, challenge)
	must(t, err)
	if !done.IsBound || done.DeviceID != key.DeviceID || done.PhoneNumber != "+12001004014" {
		t.Fatalf("%+v", done)
	}
	must(t, vault.ConfirmKey(USUAT, origin, key.DeviceID))

	present := func() Decision {
		challenge, err := registry.Challenge()
		must(t, err)
		assertion, err := vault.Sign(key.DeviceID, challenge)
		must(t, err)
		decision, err := registry.Decide(
			Request{PhoneNumber: "2001004014", Assertion: assertion, Challenge: challenge})
		must(t, err)
		return decision
	}
	decision = present()
	if decision.Outcome != Authenticate {
		t.Fatalf("%+v", decision)
	}
	_, err = registry.Complete(decision.Ticket, "", nil, nil)
	must(t, err)
	if _, err = registry.Complete(decision.Ticket, "", nil, nil); !IsCode(err, "TICKET_SPENT") {
		t.Fatal(err)
	}
	marked, err := registry.Disconnect("2001004014")
	must(t, err)
	done, err = registry.Unbind(key.DeviceID, "moved")
	must(t, err)
	if marked != 1 || done.IsBound {
		t.Fatalf("%d %+v", marked, done)
	}
	done, err = registry.Bind(key.DeviceID, "2001004014")
	must(t, err)
	problems, err := registry.Verify()
	must(t, err)
	if !done.IsBound || problems != 0 {
		t.Fatalf("%d %+v", problems, done)
	}
	must(t, registry.Revoke(key.DeviceID, "call"))
	if decision = present(); decision.Outcome != Reject || decision.WireCode != 8019 {
		t.Fatalf("%+v", decision)
	}
	must(t, vault.Close())
	must(t, registry.Close())
}

func TestGoroutinesShareHandlesThatAreClosedUnderThem(t *testing.T) {
	registry, vault := openBoth(t)
	key, err := vault.PlaceKey(USUAT, origin)
	must(t, err)
	var group, started sync.WaitGroup
	for range [8]int{} {
		group.Add(1)
		started.Add(1)
		go func() {
			defer group.Done()
			for i := 0; ; i++ {
				_, _, err := vault.Key(key.DeviceID)
				_, _, other := registry.Resolve("nobody")
				if i == 100 {
					started.Done()
				}
				if err == nil && other == nil {
					continue
				}
				if (err != nil && !IsCode(err, "CLOSED")) || (other != nil && !IsCode(other, "CLOSED")) {
					t.Error(err, other)
				}
				if i < 100 {
					started.Done()
				}
				return
			}
		}()
	}
	started.Wait()
	must(t, vault.Close())
	must(t, registry.Close())
	group.Wait()
	if err := vault.Close(); !IsCode(err, "CLOSED") {
		t.Fatal(err)
	}
}

func TestAProgramAKeyFileAndTheKeyringUnlock(t *testing.T) {
	folder := t.TempDir()
	script := filepath.Join(folder, "key-program")
	must(t, os.WriteFile(script, []byte("#!/bin/sh\n[ \"$1 $VARIABLE\" = 'one a=b' ] || exit 10\n"+
		"read -r operation context bytes\necho $bytes\n"), 0o700))
	program := &KeyProgram{
		Arguments: []string{script, "one"}, Environment: []string{"PATH=/usr/bin:/bin", "VARIABLE=a=b"},
		TimeLimit: 20 * time.Second,
	}
	reopen := func(name string, unlock Unlock) (method string) {
		for range [2]int{} {
			vault, err := OpenVault(filepath.Join(folder, name), unlock)
			must(t, err)
			info, err := vault.Info()
			must(t, err)
			must(t, vault.Close())
			if info.FileBytes == 0 || info.EpochCount != 1 || info.IsShared || info.IsEntangled {
				t.Fatalf("%+v", info)
			}
			method = info.UnlockMethod
		}
		return method
	}
	if method := reopen("p.vault", Unlock{Program: program}); method != "provider" {
		t.Fatal(method)
	}
	program.Environment = nil
	if _, err := OpenVault(filepath.Join(folder, "p.vault"), Unlock{Program: program}); !IsCode(err, "KEY_LOST") {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "a.key")
	must(t, CreateKeyFile(file))
	if err := CreateKeyFile(file); !IsCode(err, "ALREADY_EXISTS") {
		t.Fatal(err)
	}
	if method := reopen("f.vault", Unlock{KeyFile: file}); method != "keyFile" {
		t.Fatal(method)
	}
	keyring := &Keyring{UserKeyring, "provekeystore go " + filepath.Base(filepath.Dir(folder))}
	if err := keyring.Create(nil); IsCode(err, "PROVIDER_UNAVAILABLE") {
		return
	} else {
		must(t, err)
	}
	if method := reopen("k.vault", Unlock{Keyring: keyring}); method != "provider" {
		t.Fatal(method)
	}
	if was, err := keyring.Remove(); !was || err != nil {
		t.Fatal(err)
	}
	if was, err := keyring.Remove(); was || err != nil {
		t.Fatal(err)
	}
}

func TestRegistrationsMoveAsLines(t *testing.T) {
	from, vault := openBoth(t)
	to, _ := openBoth(t)
	decision, err := from.Decide(Request{PhoneNumber: "2001004014"})
	must(t, err)
	challenge, err := from.Challenge()
	must(t, err)
	_, err = vault.PlaceKey(USUAT, origin)
	must(t, err)
	offered, err := vault.Offer(USUAT, origin, challenge)
	must(t, err)
	done, err := from.Complete(decision.Ticket, "2001004014", offered, challenge)
	must(t, err)
	var lines []byte
	collect := func(some []byte) error { lines = append(lines, some...); return nil }
	must(t, from.ExportLines("", collect))
	must(t, from.ExportLines(done.DeviceID, collect))
	if strings.Count(string(lines), "\n") != 1 {
		t.Fatal(len(lines))
	}
	report, err := to.ImportLines(append([]byte("{}\n"), lines...), "mover")
	must(t, err)
	if report.Lines != 2 || report.Imported != 1 || !strings.HasPrefix(report.Refusals, "1: ") {
		t.Fatalf("%+v", report)
	}
	moved, there, err := to.Resolve(done.DeviceID)
	must(t, err)
	info, err := to.Info()
	must(t, err)
	if !there || moved != done || info.Bound != 1 || info.FileBytes <= 0 {
		t.Fatalf("%+v %+v", moved, info)
	}
}

func TestErrorsHaveNamesAndTellNothingPersonal(t *testing.T) {
	_, err := NormalisePhoneNumber("12345")
	if !IsCode(err, "PHONE_NUMBER") || strings.Contains(err.Error(), "12345") {
		t.Fatal(err)
	}
	number, err := NormalisePhoneNumber("2001004014")
	must(t, err)
	if number != "+12001004014" {
		t.Fatal(number)
	}
	if _, err = OpenVault(filepath.Join(t.TempDir(), "none", "v"), raw); !IsCode(err, "FOLDER_MISSING") {
		t.Fatal(err)
	}
	if Version() != "0.1.0" {
		t.Fatal(Version())
	}
}
