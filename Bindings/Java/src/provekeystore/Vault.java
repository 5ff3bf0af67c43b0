package provekeystore;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.LongByReference;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import provekeystore.internal.Library;
import provekeystore.internal.SizeT;
import provekeystore.internal.Structs.pks_backup;
import provekeystore.internal.Structs.pks_compaction;
import provekeystore.internal.Structs.pks_destruction;
import provekeystore.internal.Structs.pks_key;
import provekeystore.internal.Structs.pks_new_key;
import provekeystore.internal.Structs.pks_rotation;
import provekeystore.internal.Structs.pks_salvage;
import provekeystore.internal.Structs.pks_vault_facts;
import provekeystore.internal.Structs.pks_vault_options;
import provekeystore.internal.Structs.pks_vault_report;

/** The device's side: keys, localStorage and databases in one encrypted file, for many threads. */
public final class Vault extends Handle {
  private static final int LISTED_KEYS = 1_000;
  private static final int ASSERTION_SIZE = 512;

  private Vault(long handle) {
    super(handle);
  }

  /** Opens a vault for this process alone, and creates it when there is none. */
  public static Vault open(String path, Unlock unlock) {
    return open(path, unlock, Access.OPEN_OR_CREATE, false, null);
  }

  /**
   * Opens a vault.
   *
   * @param shared whether other processes may have it open as well
   * @param anchorPath null, or a file elsewhere that remembers how far the vault had come
   */
  public static Vault open(
      String path, Unlock unlock, Access access, boolean shared, String anchorPath) {
    Memory anchor = Library.lend(anchorPath);
    pks_vault_options options = new pks_vault_options();
    options.access = access.ordinal();
    options.mode = shared ? 1 : 0;
    options.anchor_path = anchor;
    LongByReference handle = new LongByReference();
    unlock.lend(how -> Library.call("pks_vault_open", Library.utf8(path), how, options, handle));
    return new Vault(handle.getValue());
  }

  /**
   * Gives up a vault whose key is lost, when opening it says KEY_LOST, and opens an empty one in its
   * place.
   *
   * @param next what the new vault is locked with, null for {@code lost} again
   * @param anchorPath null, or the anchor of the old vault
   */
  public static Vault reset(
      String path, Unlock lost, Unlock next, boolean shared, String anchorPath) {
    Memory anchor = Library.lend(anchorPath);
    pks_vault_options options = new pks_vault_options();
    options.mode = shared ? 1 : 0;
    options.anchor_path = anchor;
    LongByReference handle = new LongByReference();
    Unlock locking = next == null ? lost : next;
    lost.lend(
        how ->
            locking.lend(
                then ->
                    Library.call(
                        "pks_vault_reset", Library.utf8(path), how, then, options, handle, null)));
    return new Vault(handle.getValue());
  }

  /**
   * Reads out of a damaged vault, which nobody may have open, what is genuine; the file is not
   * changed.
   *
   * @param into null for a report only, or where a new vault with the rest is made
   * @param next what the new vault is locked with, null for {@code unlock} again
   * @param origins that are looked for although the vault has lost the record that names them
   */
  public static Salvage salvage(
      String path, Unlock unlock, String into, Unlock next, List<String> origins) {
    List<Memory> texts = origins.stream().map(Library::lend).toList();
    Memory list = new Memory(Math.max(1L, texts.size()) * Native.POINTER_SIZE);
    list.write(0, texts.toArray(new Pointer[0]), 0, texts.size());
    pks_salvage found = new pks_salvage();
    LongByReference losses = new LongByReference();
    Unlock locking = next == null ? unlock : next;
    unlock.lend(
        how ->
            locking.lend(
                then ->
                    Library.call(
                        "pks_vault_salvage", Library.utf8(path), how, Library.utf8(into), then,
                        list, new SizeT(texts.size()), found, losses)));
    Reference.reachabilityFence(texts);
    return new Salvage(
        found.is_whole != 0, found.records, found.keys, found.storage_items, found.databases,
        found.database_rows, found.loss_count,
        Library.reply(losses.getValue()).lines().toList());
  }

  /** Facts about the vault. */
  public VaultInfo info() {
    pks_vault_facts facts = new pks_vault_facts();
    Library.call("pks_vault_info", handle(), facts);
    return VaultInfo.of(facts);
  }

  // Keys.

  /** Makes a pending key of a scope, or gives the one that is pending. */
  public Key placeKey(BuildConfig config, String origin) {
    return placeKey(config, origin, null);
  }

  /** The same for a registration that is recovered, whose id the key keeps. */
  public Key placeKey(BuildConfig config, String origin, String deviceId) {
    pks_key key = new pks_key();
    Library.call(
        "pks_vault_place_key", handle(), config.number(), Library.utf8(origin),
        Library.utf8(deviceId), key);
    return Key.of(key);
  }

  /** What to send to the server for the scope's pending key. */
  public Optional<NewKey> offer(BuildConfig config, String origin, byte[] challenge) {
    pks_new_key key = new pks_new_key();
    boolean found =
        Library.found(
            "pks_vault_offer", handle(), config.number(), Library.utf8(origin), challenge,
            Library.count(challenge), key);
    return found ? Optional.of(NewKey.of(key)) : Optional.empty();
  }

  /** The server has answered: the pending key becomes a placed one. */
  public Key confirmKey(BuildConfig config, String origin, String deviceId) {
    pks_key key = new pks_key();
    Library.call(
        "pks_vault_confirm_key", handle(), config.number(), Library.utf8(origin),
        Library.utf8(deviceId), key);
    return Key.of(key);
  }

  /** The key of an id: the placed one, else the pending one. */
  public Optional<Key> key(String deviceId) {
    pks_key key = new pks_key();
    boolean found = Library.found("pks_vault_key", handle(), Library.utf8(deviceId), key);
    return found ? Optional.of(Key.of(key)) : Optional.empty();
  }

  /** The scope's key to use: placed last, else pending. */
  public Optional<Key> currentKey(BuildConfig config, String origin) {
    pks_key key = new pks_key();
    boolean found =
        Library.found(
            "pks_vault_current_key", handle(), config.number(), Library.utf8(origin), key);
    return found ? Optional.of(Key.of(key)) : Optional.empty();
  }

  /** All keys of a scope, latest first. */
  public List<Key> keys(BuildConfig config, String origin) {
    int size = new pks_key().size();
    Memory keys = new Memory((long) size * LISTED_KEYS);
    keys.setInt(0, size);
    LongByReference count = new LongByReference();
    Library.call(
        "pks_vault_keys", handle(), config.number(), Library.utf8(origin), keys,
        new SizeT(LISTED_KEYS), count);
    List<Key> found = new ArrayList<>();
    for (int i = 0; i < count.getValue(); i++) {
      pks_key key = new pks_key(keys.share((long) i * size));
      key.read();
      found.add(Key.of(key));
    }
    return found;
  }

  /** An encoded assertion over a challenge of 16 to 255 bytes. */
  public byte[] sign(String deviceId, byte[] challenge) {
    return Library.bytes(
        "pks_vault_sign", ASSERTION_SIZE, handle(), Library.utf8(deviceId), challenge,
        Library.count(challenge));
  }

  /** Removes the keys of an id; false when there was none. */
  public boolean removeKey(String deviceId) {
    return Library.found("pks_vault_remove_key", handle(), Library.utf8(deviceId));
  }

  /** Removes the scope's pending key; false when none is pending. */
  public boolean discardPendingKey(BuildConfig config, String origin) {
    return Library.found(
        "pks_vault_discard_pending_key", handle(), config.number(), Library.utf8(origin));
  }

  // The other roles.

  /** The localStorage of an origin, with its usual quota. */
  public Storage storage(String origin) {
    return storage(origin, -1);
  }

  /** The localStorage of an origin with a quota in UTF-16 code units. */
  public Storage storage(String origin, long quota) {
    LongByReference handle = new LongByReference();
    Library.call("pks_storage_open", handle(), Library.utf8(origin), quota, handle);
    return new Storage(handle.getValue());
  }

  /**
   * Answers one request of docs/shell.md, in JSON: databases are read and written this way. That it
   * returns does not say that the request was carried out: the answer does.
   */
  public String request(String json) {
    byte[] line = json.getBytes(StandardCharsets.UTF_8);
    LongByReference reply = new LongByReference();
    Library.call("pks_vault_request", handle(), line, new SizeT(line.length), reply);
    return Library.reply(reply.getValue());
  }

  // Its life.

  /** Walks everything in the vault, and counts what is wrong; other calls wait meanwhile. */
  public long verify() {
    pks_vault_report report = new pks_vault_report();
    Library.call("pks_vault_verify", handle(), report);
    return report.problem_count;
  }

  /** Locks the vault with another method; the old one then opens it no longer. */
  public void rewrap(Unlock unlock) {
    unlock.lend(how -> Library.call("pks_vault_rewrap", handle(), how));
  }

  /**
   * Seals every record under a new data key while others go on, and says how many.
   *
   * @param progress may be null; when it stops the work this throws CANCELLED, and another call goes
   *     on where it was
   */
  public long rotate(Progress progress) {
    pks_rotation rotation = new pks_rotation();
    Told told = new Told(progress);
    told.during(() -> Library.call("pks_vault_rotate", handle(), told.callback, null, rotation));
    return rotation.resealed;
  }

  /** Copies the vault into a new file while others go on, and says how many records it has. */
  public long backup(String path) {
    pks_backup backup = new pks_backup();
    Library.call("pks_vault_backup", handle(), Library.utf8(path), null, null, backup);
    return backup.records;
  }

  /** Gives free pages back to the file system, and says how many bytes are left. */
  public long compact() {
    pks_compaction compaction = new pks_compaction();
    Library.call("pks_vault_compact", handle(), null, null, compaction);
    return compaction.file_bytes;
  }

  /** Erases the vault for good, and says how many keys it had. */
  public long destroy() {
    pks_destruction receipt = new pks_destruction();
    Library.call("pks_vault_destroy", handle(), receipt);
    return receipt.keys;
  }

  /** Carries what a callback throws over the border, where it would be lost. */
  private static final class Told {
    final Library.Progress callback;
    private Throwable thrown;

    Told(Progress progress) {
      callback =
          (context, done, total) -> {
            try {
              return progress == null || progress.told(done, total) ? 0 : 1;
            } catch (RuntimeException | Error failure) {
              thrown = failure;
              return 1;
            }
          };
    }

    void during(Runnable work) {
      try {
        work.run();
      } catch (StoreException refused) {
        if (thrown instanceof RuntimeException failure) {
          throw failure;
        }
        if (thrown instanceof Error failure) {
          throw failure;
        }
        throw refused;
      }
    }
  }
}
