package provekeystore;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.LongByReference;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import provekeystore.internal.Library;
import provekeystore.internal.SizeT;
import provekeystore.internal.Structs.pks_cursor;
import provekeystore.internal.Structs.pks_decision;
import provekeystore.internal.Structs.pks_erasure;
import provekeystore.internal.Structs.pks_event;
import provekeystore.internal.Structs.pks_export_cursor;
import provekeystore.internal.Structs.pks_import;
import provekeystore.internal.Structs.pks_new_key;
import provekeystore.internal.Structs.pks_placing;
import provekeystore.internal.Structs.pks_possession;
import provekeystore.internal.Structs.pks_registration;
import provekeystore.internal.Structs.pks_registry_copy;
import provekeystore.internal.Structs.pks_registry_facts;
import provekeystore.internal.Structs.pks_registry_options;
import provekeystore.internal.Structs.pks_registry_report;
import provekeystore.internal.Structs.pks_replay;
import provekeystore.internal.Structs.pks_request;
import provekeystore.internal.Structs.pks_sweep;

/**
 * The server's side: registers keys, decides authentications, changes bindings, for many threads.
 *
 * <p>{@code actor} says who acts, null for "operator"; {@code reason} goes into the event, null for
 * none.
 */
public final class Registry extends Handle {
  private static final int CHALLENGE_SIZE = 40;
  private static final int TICKET_SIZE = 4_096;
  private static final int PAGE = 100;
  // Lines are handed over in parts that are well below what a call takes.
  private static final int IMPORT_UNITS = 4_000_000;

  private Registry(long handle) {
    super(handle);
  }

  /** Opens a store, as in "sqlite:registry.sqlite", beside others, and creates it if need be. */
  public static Registry open(String store, Unlock unlock, String tenant, BuildConfig config) {
    return open(store, unlock, tenant, config, Access.OPEN_OR_CREATE, new Policy(), true);
  }

  /**
   * Opens a store.
   *
   * @param store "sqlite:PATH", or "postgresql://..." as libpq has it
   * @param shared whether others may have it open as well; of PostgreSQL always true
   */
  public static Registry open(
      String store, Unlock unlock, String tenant, BuildConfig config, Access access,
      Policy policy, boolean shared) {
    Memory storeText = Library.lend(store);
    Memory tenantText = Library.lend(tenant);
    pks_registry_options options = new pks_registry_options();
    options.access = access.ordinal();
    options.store = storeText;
    options.tenant = tenantText;
    options.build_config = config.number();
    options.mode = shared ? 1 : 0;
    policy.struct.write();
    options.policy = policy.struct.getPointer();
    LongByReference handle = new LongByReference();
    unlock.lend(
        how -> {
          how.write();
          options.unlock = how.getPointer();
          Library.call("pks_registry_open", options, handle);
        });
    return new Registry(handle.getValue());
  }

  /** Bytes for a device to sign, once, within 15 minutes. */
  public byte[] challenge() {
    return Library.bytes("pks_registry_challenge", CHALLENGE_SIZE, handle());
  }

  // Reading.

  /** The registration of an id, whatever its state. */
  public Optional<Registration> resolve(String deviceId) {
    pks_registration read = new pks_registration();
    boolean found = Library.found("pks_registry_resolve", handle(), Library.utf8(deviceId), read);
    return found ? Optional.of(Registration.of(read)) : Optional.empty();
  }

  /** The registrations of 1 to 1,000 ids, in their order. */
  public List<Optional<Registration>> resolveMany(List<String> deviceIds) {
    int count = deviceIds.size();
    List<Memory> texts = deviceIds.stream().map(Library::lend).toList();
    Memory ids = new Memory(Math.max(1, count) * (long) com.sun.jna.Native.POINTER_SIZE);
    ids.write(0, texts.toArray(new Pointer[0]), 0, count);
    Page page = new Page(count, new pks_registration().size());
    Library.call(
        "pks_registry_resolve_many", handle(), ids, new SizeT(count), page.memory);
    List<Optional<Registration>> found = new ArrayList<>();
    page.each(count, place -> found.add(Optional.ofNullable(registration(place))));
    java.lang.ref.Reference.reachabilityFence(texts);
    return found;
  }

  /** The live, bound registrations of a visitor, latest first; phoneNumber may be null. */
  public List<Registration> candidates(String visitorId, String phoneNumber, int limit) {
    Page page = new Page(limit, new pks_registration().size());
    LongByReference count = new LongByReference();
    Library.call(
        "pks_registry_candidates", handle(), Library.utf8(visitorId), Library.utf8(phoneNumber),
        page.memory, new SizeT(limit), count);
    List<Registration> found = new ArrayList<>();
    page.each(count.getValue(), place -> found.add(registration(place)));
    return found;
  }

  /** Calls {@code body} with each registration of a subject, latest first. */
  public void export(Subject subject, Consumer<Registration> body) {
    pks_cursor cursor = new pks_cursor();
    LongByReference count = new LongByReference();
    do {
      Page page = new Page(PAGE, new pks_registration().size());
      Library.call(
          "pks_registry_export", handle(), subject.number(), Library.utf8(subject.value()),
          cursor, page.memory, new SizeT(PAGE), count);
      page.each(count.getValue(), place -> body.accept(registration(place)));
    } while (cursor.is_at_end == 0);
  }

  /** Events of a registration in order, after a sequence number (0 for the first). */
  public List<Event> events(String deviceId, long after, int limit) {
    Page page = new Page(limit, new pks_event().size());
    LongByReference count = new LongByReference();
    Library.call(
        "pks_registry_events", handle(), Library.utf8(deviceId), after, page.memory,
        new SizeT(limit), count);
    List<Event> found = new ArrayList<>();
    page.each(
        count.getValue(),
        place -> {
          pks_event event = new pks_event(place);
          event.read();
          found.add(Event.of(event));
        });
    return found;
  }

  // The flow.

  /** Decides a request. */
  public Decision decide(Request request) {
    Memory number = Library.lend(request.phoneNumber);
    Memory proveId = Library.lend(request.proveId);
    Memory stored = Library.lend(request.storedDeviceId);
    Memory visitor = Library.lend(request.visitorId);
    Memory customer = Library.lend(request.clientCustomerId);
    Memory human = Library.lend(request.clientHumanId);
    Memory assertion = Library.lend(request.assertion);
    Memory challenge = Library.lend(request.challenge);
    pks_request asked = new pks_request();
    asked.channel = request.channel.ordinal() + 1;
    asked.rebind = request.rebind ? 1 : 0;
    asked.phone_number = number;
    asked.prove_id = proveId;
    asked.stored_device_id = stored;
    asked.visitor_id = visitor;
    asked.visitor_confidence = request.visitorConfidence;
    asked.client_customer_id = customer;
    asked.client_human_id = human;
    asked.assertion = assertion;
    asked.assertion_length = Library.count(request.assertion);
    asked.challenge = challenge;
    asked.challenge_length = Library.count(request.challenge);
    pks_decision made = new pks_decision();
    byte[] ticket = new byte[TICKET_SIZE];
    Library.call("pks_registry_decide", handle(), asked, made, ticket, new SizeT(TICKET_SIZE));
    return Decision.of(made, Library.text(ticket));
  }

  /** Lets a decision that needs nothing more take effect. */
  public Optional<Registration> complete(String ticket) {
    return complete(ticket, null, null, null);
  }

  /**
   * Lets a decision take effect; empty for a desktop, which has no key.
   *
   * @param possession null where the decision needs none
   * @param newKey null where the decision needs none
   * @param challenge what the new key's proof answers, null without one
   */
  public Optional<Registration> complete(
      String ticket, Possession possession, NewKey newKey, byte[] challenge) {
    pks_possession checked = null;
    Memory number = possession == null ? null : Library.lend(possession.phoneNumber());
    Memory proveId = possession == null ? null : Library.lend(possession.proveId());
    if (possession != null) {
      checked = new pks_possession();
      checked.passed = possession.passed() ? 1 : 0;
      checked.phone_number = number;
      checked.prove_id = proveId;
    }
    pks_new_key offered = newKey == null ? null : newKey.struct();
    pks_registration done = new pks_registration();
    Library.call(
        "pks_registry_complete", handle(), Library.utf8(ticket), checked, offered, challenge,
        Library.count(challenge), done);
    return Optional.ofNullable(Registration.of(done));
  }

  /** A key that was placed, and the ticket that binds it. */
  public record Placed(Registration registration, String nextTicket) {}

  /** Places the key of a decision before possession is known. */
  public Placed placeEarly(String ticket, NewKey newKey, byte[] challenge) {
    pks_registration done = new pks_registration();
    byte[] next = new byte[TICKET_SIZE];
    Library.call(
        "pks_registry_place_early", handle(), Library.utf8(ticket), newKey.struct(), challenge,
        Library.count(challenge), done, next, new SizeT(TICKET_SIZE));
    return new Placed(Registration.of(done), Library.text(next));
  }

  /** Uses a ticket up without effect. */
  public void withdraw(String ticket) {
    Library.call("pks_registry_withdraw", handle(), Library.utf8(ticket));
  }

  // Changes outside the flow.

  /** What is known of a key that is placed outside a flow; null where it is not known. */
  public record Placing(
      boolean isMobile, String deviceName, String visitorId, String clientCustomerId,
      String clientHumanId) {
    /** Nothing but the kind of the device. */
    public static Placing of(boolean isMobile) {
      return new Placing(isMobile, null, null, null, null);
    }
  }

  /** Registers a key outside a flow. */
  public Registration place(NewKey newKey, byte[] challenge, Placing what, String actor) {
    Memory answered = Library.lend(challenge);
    Memory name = Library.lend(what.deviceName());
    Memory visitor = Library.lend(what.visitorId());
    Memory customer = Library.lend(what.clientCustomerId());
    Memory human = Library.lend(what.clientHumanId());
    pks_new_key key = newKey.struct();
    key.write();
    pks_placing placing = new pks_placing();
    placing.device_kind = what.isMobile() ? 2 : 1;
    placing.new_key = key.getPointer();
    placing.challenge = answered;
    placing.challenge_length = Library.count(challenge);
    placing.device_name = name;
    placing.visitor_id = visitor;
    placing.client_customer_id = customer;
    placing.client_human_id = human;
    return changed("pks_registry_place", placing, Library.utf8(actor));
  }

  /** Puts a new key in the place of a registration's old one; it keeps the id. */
  public Registration rekey(NewKey newKey, byte[] challenge, String actor) {
    return changed(
        "pks_registry_rekey", newKey.struct(), challenge, Library.count(challenge),
        Library.utf8(actor));
  }

  /** Gives the device a name, or takes its name away with null. */
  public Registration rename(String deviceId, String name, String actor) {
    return changed(
        "pks_registry_rename", Library.utf8(deviceId), Library.utf8(name), Library.utf8(actor));
  }

  /** Notes an authentication that was decided elsewhere; {@code complete} does so by itself. */
  public Registration recordAuthentication(String deviceId, String actor) {
    return changed(
        "pks_registry_record_authentication", Library.utf8(deviceId), Library.utf8(actor));
  }

  /** Takes the bindings of all devices of a subject away, and says how many were bound. */
  public long unbindAll(Subject subject, String reason, String actor) {
    LongByReference count = new LongByReference();
    Library.call(
        "pks_registry_unbind_all", handle(), subject.number(), Library.utf8(subject.value()),
        Library.utf8(reason), Library.utf8(actor), count);
    return count.getValue();
  }

  /** Notes that a number is out of service, and says how many keys then need a rebind. */
  public long disconnect(String phoneNumber, String actor) {
    LongByReference count = new LongByReference();
    Library.call(
        "pks_registry_disconnect", handle(), Library.utf8(phoneNumber), Library.utf8(actor), count);
    return count.getValue();
  }

  /** Binds a placed or unbound key; proveId may be null. */
  public Registration bind(String deviceId, String phoneNumber, String proveId, String actor) {
    return changed(
        "pks_registry_bind", Library.utf8(deviceId), Library.utf8(phoneNumber),
        Library.utf8(proveId), Library.utf8(actor));
  }

  /** Binds a bound key to another number; proveId may be null. */
  public Registration rebind(String deviceId, String phoneNumber, String proveId, String actor) {
    return changed(
        "pks_registry_rebind", Library.utf8(deviceId), Library.utf8(phoneNumber),
        Library.utf8(proveId), Library.utf8(actor));
  }

  /** Takes the binding of a key away. */
  public Registration unbind(String deviceId, String reason, String actor) {
    return changed(
        "pks_registry_unbind", Library.utf8(deviceId), Library.utf8(reason), Library.utf8(actor));
  }

  /** Bars a key from use. */
  public Registration suspend(String deviceId, String reason, String actor) {
    return changed(
        "pks_registry_suspend", Library.utf8(deviceId), Library.utf8(reason), Library.utf8(actor));
  }

  /** Lets a suspended key be used again. */
  public Registration resume(String deviceId, String reason, String actor) {
    return changed(
        "pks_registry_resume", Library.utf8(deviceId), Library.utf8(reason), Library.utf8(actor));
  }

  /** Disables a key for good; false when it was already. */
  public boolean revoke(String deviceId, String reason, String actor) {
    IntByReference wasRevoked = new IntByReference();
    Library.call(
        "pks_registry_revoke", handle(), Library.utf8(deviceId), Library.utf8(reason),
        Library.utf8(actor), wasRevoked);
    return wasRevoked.getValue() == 0;
  }

  /** Erases what is held on a subject, and says how many registrations went. */
  public long erase(Subject subject, String actor) {
    pks_erasure receipt = new pks_erasure();
    Library.call(
        "pks_registry_erase", handle(), subject.number(), Library.utf8(subject.value()),
        Library.utf8(actor), receipt);
    return receipt.registrations;
  }

  /** Notes what has become inactive and removes what has expired; true when all of it is done. */
  public boolean sweep(long limit) {
    pks_sweep report = new pks_sweep();
    Library.call("pks_registry_sweep", handle(), limit, report);
    return report.is_complete != 0;
  }

  // Its health.

  /** Opens and checks everything, and says what is wrong, without ids. */
  public List<String> verify() {
    pks_registry_report report = new pks_registry_report();
    LongByReference reply = new LongByReference();
    Library.call("pks_registry_verify", handle(), null, null, report, reply);
    return Library.reply(reply.getValue()).lines().toList();
  }

  /** How much there is. */
  public RegistryInfo info() {
    pks_registry_facts facts = new pks_registry_facts();
    Library.call("pks_registry_info", handle(), facts);
    return RegistryInfo.of(facts);
  }

  // Moving.

  /**
   * Calls {@code body} with each registration as a line of JSON without its end, numbers in the
   * clear.
   *
   * @param after null, or the id after which to go on, of an export that was interrupted
   */
  public void exportLines(String after, Consumer<String> body) {
    pks_export_cursor cursor = new pks_export_cursor();
    if (after != null) {
      Library.fill(cursor.device_id, Library.utf8(after));
    }
    do {
      LongByReference reply = new LongByReference();
      Library.call("pks_registry_export_lines", handle(), cursor, reply);
      Library.reply(reply.getValue()).lines().forEach(body);
    } while (cursor.is_at_end == 0);
  }

  /** Registers what an export wrote, as from a file; what is there already is passed over. */
  public ImportReport importLines(Iterator<String> lines, String actor) {
    List<ImportReport.RefusedLine> refused = new ArrayList<>();
    long[] counts = new long[4];
    do {
      StringBuilder part = new StringBuilder();
      while (lines.hasNext() && part.length() < IMPORT_UNITS) {
        part.append(lines.next()).append('\n');
      }
      byte[] text = Library.utf8(part.toString());
      pks_import report = new pks_import();
      LongByReference reply = new LongByReference();
      Library.call(
          "pks_registry_import_lines", handle(), text, new SizeT(text.length - 1L),
          Library.utf8(actor), report, reply);
      for (String line : Library.reply(reply.getValue()).lines().toList()) {
        String[] parts = line.split(": ", 2);
        refused.add(
            new ImportReport.RefusedLine(counts[0] + Long.parseLong(parts[0]), parts[1]));
      }
      counts[0] += report.lines;
      counts[1] += report.imported;
      counts[2] += report.identical;
      counts[3] += report.refused;
    } while (lines.hasNext());
    return new ImportReport(counts[0], counts[1], counts[2], counts[3], List.copyOf(refused));
  }

  /** Decides every kept decision again, and says whether all came out as they were. */
  public boolean replay() {
    pks_replay replay = new pks_replay();
    Library.call("pks_registry_replay", handle(), replay);
    return replay.agrees != 0;
  }

  /** Copies a registry on SQLite into a new file, and says how many registrations it has. */
  public long backup(String path) {
    pks_registry_copy copy = new pks_registry_copy();
    Library.call("pks_registry_backup", handle(), Library.utf8(path), null, null, copy);
    return copy.registrations;
  }

  private Registration changed(String name, Object... arguments) {
    pks_registration after = new pks_registration();
    Object[] all = new Object[arguments.length + 2];
    all[0] = handle();
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    all[all.length - 1] = after;
    Library.call(name, all);
    return Registration.of(after);
  }

  private static Registration registration(Pointer place) {
    pks_registration read = new pks_registration(place);
    read.read();
    return Registration.of(read);
  }

  /** Room for structs that a call fills. */
  private static final class Page {
    final Memory memory;
    private final int size;

    Page(int capacity, int size) {
      this.size = size;
      memory = new Memory(Math.max(1L, capacity) * size);
      memory.clear();
      memory.setInt(0, size);
    }

    void each(long count, Consumer<Pointer> body) {
      for (long i = 0; i < count; i++) {
        body.accept(memory.share(i * size));
      }
    }
  }
}
