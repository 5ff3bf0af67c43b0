package provekeystore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class VaultTest {
  private static final String ORIGIN = "https://shop.example";
  private static final byte[] CHALLENGE = new byte[32];

  private static final byte[] OTHER_KEY = "another key of thirty-two bytes!".getBytes(StandardCharsets.US_ASCII);

  @TempDir Path folder;
  private Vault vault;

  @BeforeEach
  void open() {
    vault = Vault.open(path("a.vault"), Unlock.rawKey(new byte[32]));
  }

  @AfterEach
  void close() {
    vault.close();
  }

  private String path(String name) {
    return folder.resolve(name).toString();
  }

  static void refused(String name, Executable body) {
    assertEquals(name, assertThrows(StoreException.class, body).name());
  }

  @Test
  @DisplayName("a key signs with rising counters")
  void signing() {
    Key key = vault.placeKey(BuildConfig.US_UAT, ORIGIN);
    Assertion first = Assertion.parse(vault.sign(key.deviceId(), CHALLENGE));
    byte[] signed = vault.sign(key.deviceId(), CHALLENGE);
    Assertion second = Assertion.parse(signed);
    assertEquals(first.counter() + 1, second.counter());
    assertEquals(key.deviceId(), second.deviceId());
    assertNotNull(second.digest());
    assertTrue(Assertion.verify(signed, key.algorithm(), key.publicKey(), CHALLENGE));
    assertFalse(Assertion.verify(signed, key.algorithm(), key.publicKey(), new byte[33]));
    refused("CHALLENGE_LENGTH", () -> vault.sign(key.deviceId(), new byte[15]));
  }

  @Test
  @DisplayName("keys are placed, offered, confirmed, listed and removed")
  void keys() {
    assertTrue(vault.currentKey(BuildConfig.US_UAT, ORIGIN).isEmpty());
    assertTrue(vault.offer(BuildConfig.US_UAT, ORIGIN, CHALLENGE).isEmpty());
    Key key = vault.placeKey(BuildConfig.US_UAT, ORIGIN, "device-1");
    assertEquals("device-1", key.deviceId());
    assertFalse(key.isPlaced());
    NewKey offered = vault.offer(BuildConfig.US_UAT, ORIGIN, CHALLENGE).orElseThrow();
    assertArrayEquals(key.publicKey(), offered.publicKey());
    assertTrue(vault.confirmKey(BuildConfig.US_UAT, ORIGIN, "device-1").isPlaced());
    vault.placeKey(BuildConfig.US_UAT, ORIGIN);
    List<Key> keys = vault.keys(BuildConfig.US_UAT, ORIGIN);
    assertEquals(2, keys.size());
    assertTrue(keys.stream().anyMatch(k -> k.deviceId().equals("device-1")));
    assertEquals("device-1", vault.currentKey(BuildConfig.US_UAT, ORIGIN).orElseThrow().deviceId());
    assertTrue(vault.discardPendingKey(BuildConfig.US_UAT, ORIGIN));
    assertFalse(vault.discardPendingKey(BuildConfig.US_UAT, ORIGIN));
    assertTrue(vault.removeKey("device-1"));
    assertFalse(vault.removeKey("device-1"));
    assertTrue(vault.key("device-1").isEmpty());
    assertEquals(0, vault.verify());
  }

  @Test
  @DisplayName("localStorage keeps any string")
  void storage() {
    try (Storage storage = vault.storage(ORIGIN)) {
      for (String text : List.of("", "a\0b", "📱", "\ud800", "x".repeat(10_000))) {
        storage.set(text, text);
        assertEquals(text, storage.get(text).orElseThrow());
      }
      assertEquals(5, storage.count());
      assertTrue(storage.get("none").isEmpty());
      assertTrue(storage.keyAt(4).isPresent() && storage.keyAt(5).isEmpty());
      storage.remove("");
      assertEquals(4, storage.count());
      storage.clear();
      assertEquals(0, storage.count());
    }
  }

  @Test
  @DisplayName("a database is one request away")
  void database() {
    String at = "\"origin\":\"" + ORIGIN + "\",\"database\":\"d\",";
    vault.request("{\"op\":\"database.open\"," + at + "\"version\":1,\"stores\":[{\"name\":\"s\"}]}");
    vault.request(
        "{\"op\":\"store.put\"," + at
            + "\"store\":\"s\",\"key\":{\"string\":\"k\"},\"value\":\"schön\"}");
    String read =
        vault.request(
            "{\"op\":\"store.get\"," + at + "\"store\":\"s\",\"key\":{\"string\":\"k\"}}");
    assertTrue(read.contains("{\"value\":\"schön\"}"), read);
    assertTrue(vault.request("no JSON").contains("\"ok\":false"));
  }

  @Test
  @DisplayName("a rotation can be stopped, and what its callback throws is thrown")
  void rotation() {
    vault.placeKey(BuildConfig.US_UAT, ORIGIN);
    refused("CANCELLED", () -> vault.rotate((done, total) -> false));
    ArithmeticException thrown = new ArithmeticException();
    assertSame(
        thrown,
        assertThrows(
            ArithmeticException.class,
            () ->
                vault.rotate(
                    (done, total) -> {
                      throw thrown;
                    })));
    assertTrue(vault.rotate(null) > 0);
  }

  @Test
  @DisplayName("a provider locks and unlocks a vault, and says why it does not")
  void provider() {
    ByteBuffer kept = ByteBuffer.allocate(32);
    boolean[] gone = {false};
    KeyProvider provider =
        new KeyProvider() {
          @Override
          public String name() {
            return "test-kms";
          }

          @Override
          public byte[] wrap(ByteBuffer key, byte[] binding) {
            kept.clear();
            kept.put(key);
            return new byte[] {1};
          }

          @Override
          public void unwrap(byte[] wrapped, byte[] binding, ByteBuffer key) throws Refusal {
            if (gone[0]) {
              throw new Refusal(Why.KEY_GONE);
            }
            key.put(wrapped[0] == 1 ? kept.array() : new byte[31]);
          }
        };
    Unlock unlock = Unlock.provider(provider);
    Vault.open(path("p.vault"), unlock).close();
    Vault.open(path("p.vault"), unlock).close();
    kept.array()[0] ^= 1;
    refused("PROVIDER_FAILED", () -> Vault.open(path("p.vault"), unlock));
    gone[0] = true;
    StoreException lost =
        assertThrows(StoreException.class, () -> Vault.open(path("p.vault"), unlock));
    assertTrue(lost.is("KEY_LOST") && lost.getCause() instanceof KeyProvider.Refusal);
    Unlock next = Unlock.rawKey(new byte[32]);
    refused("KEY_NOT_LOST", () -> {
      Vault.open(path("q.vault"), next).close();
      Vault.reset(path("q.vault"), next, null, false, null);
    });
    try (Vault empty = Vault.reset(path("p.vault"), unlock, next, false, null)) {
      assertTrue(empty.keys(BuildConfig.US_UAT, ORIGIN).isEmpty());
      assertTrue(empty.compact() > 0);
    }
  }

  @Test
  @DisplayName("a vault whose lost key a provider tells of twice is refused with the cause")
  void causes() {
    ByteBuffer kept = ByteBuffer.allocate(32);
    KeyProvider provider =
        new KeyProvider() {
          @Override
          public String name() {
            return "test-kms";
          }

          @Override
          public byte[] wrap(ByteBuffer key, byte[] binding) {
            kept.put(key);
            return new byte[] {1};
          }

          @Override
          public void unwrap(byte[] wrapped, byte[] binding, ByteBuffer key) throws Refusal {
            throw new Refusal(Why.UNREACHABLE);
          }
        };
    Unlock unlock = Unlock.provider(provider);
    Vault.open(path("p.vault"), unlock).close();
    StoreException refusal =
        assertThrows(
            StoreException.class, () -> Vault.reset(path("p.vault"), unlock, null, false, null));
    assertTrue(refusal.is("PROVIDER_UNAVAILABLE"), refusal::name);
    assertTrue(refusal.getCause() instanceof KeyProvider.Refusal);
  }

  @Test
  @DisplayName("a program and a key file unlock, and the keyring where there is one")
  void otherKeys() throws Exception {
    Path script = folder.resolve("key-program");
    Files.writeString(
        script,
        "#!/bin/sh\n[ \"$1 $VARIABLE\" = 'one a=b' ] || exit 10\nread -r o c bytes\necho $bytes\n");
    assertTrue(script.toFile().setExecutable(true));
    KeyProgram program =
        new KeyProgram(
            List.of(script.toString(), "one"), null,
            Map.of("PATH", "/usr/bin:/bin", "VARIABLE", "a=b"), Duration.ofSeconds(20));
    Vault.open(path("run.vault"), Unlock.program(program)).close();
    try (Vault opened = Vault.open(path("run.vault"), Unlock.program(program))) {
      assertEquals("provider", opened.info().unlockMethod());
    }
    refused(
        "KEY_LOST",
        () ->
            Vault.open(
                path("run.vault"), Unlock.program(KeyProgram.of(script.toString(), "one"))));

    ProveKeyStore.createKeyFile(path("a.key"));
    refused("ALREADY_EXISTS", () -> ProveKeyStore.createKeyFile(path("a.key")));
    try (Vault opened = Vault.open(path("file.vault"), Unlock.keyFile(path("a.key")))) {
      assertEquals("keyFile", opened.info().unlockMethod());
    }

    Keyring keyring = new Keyring(Keyring.Kind.USER, "provekeystore java " + System.nanoTime());
    try {
      keyring.create(null);
    } catch (StoreException refused) {
      assertEquals("PROVIDER_UNAVAILABLE", refused.name());
      return;
    }
    Vault.open(path("ring.vault"), Unlock.keyring(keyring)).close();
    Vault.open(path("ring.vault"), Unlock.keyring(keyring)).close();
    assertTrue(keyring.remove() && !keyring.remove());
    refused("KEY_LOST", () -> Vault.open(path("ring.vault"), Unlock.keyring(keyring)));
  }

  @Test
  @DisplayName("what is genuine is read out of a vault, and its facts are told")
  void salvage() {
    vault.placeKey(BuildConfig.US_UAT, ORIGIN);
    vault.storage(ORIGIN).set("a", "b");
    VaultInfo info = vault.info();
    assertEquals("rawKey", info.unlockMethod());
    assertEquals(1, info.keys());
    assertTrue(!info.isShared() && !info.isEntangled() && info.fileBytes() > 0);
    Unlock old = Unlock.rawKey(new byte[32]);
    Unlock next = Unlock.rawKey(OTHER_KEY);
    refused("IN_USE", () -> Vault.salvage(path("a.vault"), old, null, null, List.of()));
    vault.close();
    Salvage found =
        Vault.salvage(path("a.vault"), old, path("new.vault"), next, List.of(ORIGIN, "other"));
    assertTrue(found.isWhole() && found.losses().isEmpty());
    assertEquals(List.of(1L, 1L), List.of(found.keys(), found.storageItems()));
    try (Vault saved = Vault.open(path("new.vault"), next)) {
      assertEquals("b", saved.storage(ORIGIN).get("a").orElseThrow());
    }
  }

  @Test
  @DisplayName("errors have names and tell nothing personal")
  void errors() {
    refused("IN_USE", () -> Vault.open(path("a.vault"), Unlock.rawKey(new byte[32])));
    vault.close();
    vault.close();
    refused("BAD_HANDLE", () -> vault.key("x"));
    byte[] other = new byte[32];
    other[0] = 1;
    refused("WRONG_KEY", () -> Vault.open(path("a.vault"), Unlock.rawKey(other)));
    refused(
        "MISSING",
        () ->
            Vault.open(
                path("none"), Unlock.rawKey(other), Access.OPEN_EXISTING, false, null));
    assertThrows(
        IllegalArgumentException.class, () -> Vault.open("a\0b", Unlock.rawKey(other)));
    assertThrows(IllegalArgumentException.class, () -> vault.key("\ud800"));
    StoreException phone =
        assertThrows(StoreException.class, () -> ProveKeyStore.normalisePhoneNumber("12345"));
    assertTrue(phone.is("PHONE_NUMBER") && !phone.getMessage().contains("12345"));
    assertEquals("+12001004014", ProveKeyStore.normalisePhoneNumber("2001004014"));
  }

  @Test
  @DisplayName("a vault is locked anew, copied and destroyed")
  void life() {
    vault.placeKey(BuildConfig.US_UAT, ORIGIN);
    try (Unlock passphrase = Unlock.passphrase("correct horse".toCharArray())) {
      vault.rewrap(passphrase);
      assertTrue(vault.backup(path("copy.vault")) > 0);
      assertEquals(1, vault.destroy());
      try (Vault copy = Vault.open(path("copy.vault"), passphrase)) {
        assertTrue(copy.currentKey(BuildConfig.US_UAT, ORIGIN).isPresent());
      }
    }
  }

  @Test
  @DisplayName("threads share a vault that is closed under them")
  void threads() throws InterruptedException {
    String id = vault.placeKey(BuildConfig.US_UAT, ORIGIN).deviceId();
    List<Long> counters = Collections.synchronizedList(new ArrayList<>());
    List<String> ends = Collections.synchronizedList(new ArrayList<>());
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      Thread thread =
          new Thread(
              () -> {
                try {
                  while (true) {
                    counters.add(Assertion.parse(vault.sign(id, CHALLENGE)).counter());
                  }
                } catch (StoreException closed) {
                  ends.add(closed.name());
                }
              });
      threads.add(thread);
      thread.start();
    }
    while (counters.size() < 400) {
      Thread.onSpinWait();
    }
    vault.close();
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(counters.size(), new HashSet<>(counters).size());
    assertEquals(8, ends.size());
    assertTrue(ends.stream().allMatch(e -> e.equals("CLOSED") || e.equals("BAD_HANDLE")));
  }
}
