package provekeystore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static provekeystore.VaultTest.refused;

import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The server wrapper of the examples, asked over HTTP by a device with a vault. */
class ServerWrapperTest {
  private static final String ORIGIN = "https://shop.example";
  private static final String PHONE = "2001004014";

  @TempDir Path folder;
  private Registry registry;
  private Vault device;
  private AutoCloseable server;
  private String address;

  @BeforeEach
  void start() throws Exception {
    registry =
        Registry.open(
            "sqlite:" + folder.resolve("registry.sqlite"), Unlock.rawKey(new byte[32]), "shop",
            BuildConfig.US_UAT, Access.OPEN_OR_CREATE, new Policy().keyPersistence(true), true);
    device = Vault.open(folder.resolve("device.vault").toString(), Unlock.rawKey(new byte[32]));
    // By reflection, since a class of a package cannot import one of none.
    Class<?> wrapper = Class.forName("ServerWrapper");
    server =
        (AutoCloseable)
            wrapper.getConstructor(Registry.class, int.class).newInstance(registry, 0);
    address = "http://127.0.0.1:" + wrapper.getMethod("port").invoke(server);
  }

  @AfterEach
  void stop() throws Exception {
    server.close();
    device.close();
    registry.close();
  }

  private Map<String, String> ask(int status, String path, String... pairs) throws Exception {
    List<String> form = new ArrayList<>();
    for (int i = 0; i < pairs.length; i += 2) {
      form.add(pairs[i] + "=" + URLEncoder.encode(pairs[i + 1], StandardCharsets.UTF_8));
    }
    HttpResponse<String> answer =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(URI.create(address + path))
                    .POST(HttpRequest.BodyPublishers.ofString(String.join("&", form)))
                    .build(),
                HttpResponse.BodyHandlers.ofString());
    assertEquals(status, answer.statusCode(), answer.body());
    Map<String, String> fields = new HashMap<>();
    for (String pair : answer.body().split("&")) {
      String[] parts = pair.split("=", 2);
      fields.put(
          URLDecoder.decode(parts[0], StandardCharsets.UTF_8),
          URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
    }
    return fields;
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  private byte[] challenge() throws Exception {
    return Base64.getDecoder().decode(ask(200, "/challenges").get("challenge"));
  }

  private String enrol() throws Exception {
    Map<String, String> decision =
        ask(200, "/decisions", "phoneNumber", PHONE, "visitorId", "v", "visitorConfidence", "0.99");
    assertEquals("REQUIRE_POSSESSION", decision.get("outcome"));
    assertEquals("PLACE", decision.get("action"));
    byte[] challenge = challenge();
    device.placeKey(BuildConfig.US_UAT, ORIGIN);
    NewKey key = device.offer(BuildConfig.US_UAT, ORIGIN, challenge).orElseThrow();
    Map<String, String> done =
        ask(
            200, "/completions", "ticket", decision.get("ticket"), "verifiedPhoneNumber", PHONE,
            "challenge", base64(challenge), "deviceId", key.deviceId(), "algorithm",
            String.valueOf(key.algorithm()), "publicKey", base64(key.publicKey()), "proof",
            base64(key.proof()));
    assertEquals("BOUND", done.get("state"));
    device.confirmKey(BuildConfig.US_UAT, ORIGIN, key.deviceId());
    return key.deviceId();
  }

  private Map<String, String> present(String id) throws Exception {
    byte[] challenge = challenge();
    return ask(
        200, "/decisions", "phoneNumber", PHONE, "challenge", base64(challenge), "assertion",
        base64(device.sign(id, challenge)));
  }

  @Test
  @DisplayName("a placed key is enough until it is revoked")
  void flow() throws Exception {
    String id = enrol();
    Map<String, String> decision = present(id);
    assertEquals("AUTHENTICATE", decision.get("outcome"));
    ask(200, "/completions", "ticket", decision.get("ticket"));
    assertEquals(
        "TICKET_SPENT", ask(409, "/completions", "ticket", decision.get("ticket")).get("error"));
    assertEquals("true", ask(200, "/revocations", "deviceId", id).get("revoked"));
    assertEquals("false", ask(200, "/revocations", "deviceId", id).get("revoked"));
    decision = present(id);
    assertEquals("REJECT", decision.get("outcome"));
    assertEquals("8019", decision.get("code"));
    assertNull(decision.get("ticket"));
  }

  @Test
  @DisplayName("stored ids are resolved, and recover a browser that lost its key")
  void stored() throws Exception {
    String id = enrol();
    assertEquals(
        Map.of("unknown", "NONE", id, "usable"),
        ask(200, "/resolve", "deviceId", "unknown", "deviceId", id));
    assertEquals(
        "RECOVER",
        ask(
                200, "/decisions", "phoneNumber", PHONE, "deviceId", id, "visitorId", "v",
                "visitorConfidence", "0.99")
            .get("outcome"));
  }

  @Test
  @DisplayName("what is malformed is refused")
  void malformed() throws Exception {
    ask(400, "/decisions", "channel", "PIGEON");
    assertEquals("PHONE_NUMBER", ask(400, "/decisions", "phoneNumber", "12").get("error"));
    assertEquals("TICKET_UNKNOWN", ask(400, "/completions", "ticket", "none").get("error"));
    ask(400, "/completions", "ticket", "none", "challenge", "not base64");
    ask(400, "/resolve");
    ask(404, "/revocations", "deviceId", "none");
  }

  @Test
  @DisplayName("a key is placed outside a flow; the registry is verified, replayed and copied")
  void placing() throws Exception {
    byte[] challenge = registry.challenge();
    device.placeKey(BuildConfig.US_UAT, ORIGIN);
    NewKey offered = device.offer(BuildConfig.US_UAT, ORIGIN, challenge).orElseThrow();
    Registration placed =
        registry.place(
            offered, challenge, new Registry.Placing(true, "phone", null, "customer-7", null), null);
    assertEquals(Registration.State.PLACED, placed.state());
    assertEquals("phone", placed.deviceName());
    assertEquals("customer-7", placed.clientCustomerId());
    refused(
        "CHALLENGE_SPENT",
        () -> registry.place(offered, challenge, Registry.Placing.of(false), null));
    assertEquals(List.of(), registry.verify());
    assertTrue(registry.replay());
    String copy = folder.resolve("copy.sqlite").toString();
    assertEquals(1, registry.backup(copy));
    refused("ALREADY_EXISTS", () -> registry.backup(copy));
  }

  @Test
  @DisplayName("a decision's key is placed before possession is known, and bound by the next ticket")
  void placingEarly() {
    byte[] challenge = registry.challenge();
    device.placeKey(BuildConfig.US_UAT, ORIGIN);
    NewKey offered = device.offer(BuildConfig.US_UAT, ORIGIN, challenge).orElseThrow();
    Decision decision = registry.decide(new Request(Request.Channel.NONE));
    Registry.Placed placed = registry.placeEarly(decision.ticket(), offered, challenge);
    assertEquals(Registration.State.PLACED, placed.registration().state());
    Registration bound =
        registry.complete(placed.nextTicket(), Possession.of(PHONE), null, null).orElseThrow();
    assertEquals(Registration.State.BOUND, bound.state());
  }

  @Test
  @DisplayName("registrations move to another registry as lines, and what is refused is numbered")
  void moving() throws Exception {
    String id = enrol();
    List<String> lines = new ArrayList<>();
    registry.exportLines(null, lines::add);
    assertEquals(1, lines.size());
    registry.exportLines(id, line -> lines.add("too many"));
    assertEquals(1, lines.size());
    RegistryInfo info = registry.info();
    assertEquals(List.of(0L, 1L, 0L), List.of(info.placed(), info.bound(), info.revoked()));
    assertTrue(info.events() >= 2 && info.fileBytes() > 0);
    String other = "sqlite:" + folder.resolve("other.sqlite");
    try (Registry to =
        Registry.open(other, Unlock.rawKey(new byte[32]), "shop", BuildConfig.US_UAT)) {
      List<String> given = new ArrayList<>(lines);
      given.add(0, "{}");
      // Beyond what one part holds: the number goes on.
      for (int i = 0; i < 130; i++) {
        given.add(" ".repeat(32_000));
      }
      ImportReport report = to.importLines(given.iterator(), "mover");
      assertEquals(
          List.of(132L, 1L, 0L, 131L),
          List.of(report.lines(), report.imported(), report.identical(), report.refused()));
      assertEquals(1, report.refusedLines().get(0).number());
      assertEquals(132, report.refusedLines().get(130).number());
      assertEquals(1, to.importLines(lines.iterator(), null).identical());
      // Records of arrays are never equal: the key apart, it is the same registration.
      assertEquals(
          registry.resolve(id).orElseThrow().placedAt(), to.resolve(id).orElseThrow().placedAt());
      assertEquals("mover", to.events(id, 0, 10).get(0).actor());
    }
  }

  @Test
  @DisplayName("a registration is changed, listed, exported and erased")
  void operations() throws Exception {
    String id = enrol();
    Registration found = registry.resolve(id).orElseThrow();
    assertEquals("+12001004014", found.phoneNumber());
    assertTrue(found.isUsable() && found.becomesInactiveAt().isAfter(found.placedAt()));
    assertNull(found.proveId());
    assertEquals(1, registry.candidates("v", PHONE, 10).size());
    assertEquals("+12001004015", registry.rebind(id, "2001004015", "prove-1", null).phoneNumber());
    assertTrue(registry.suspend(id, "lost", "clerk").isSuspended());
    assertTrue(!registry.resume(id, null, null).isSuspended());
    assertEquals("Tablet", registry.rename(id, "Tablet", null).deviceName());
    assertNull(registry.rename(id, null, null).deviceName());
    assertNotNull(registry.recordAuthentication(id, "till").lastAuthenticatedAt());
    byte[] challenge = registry.challenge();
    Key key = device.placeKey(BuildConfig.US_UAT, ORIGIN, id);
    NewKey offered = device.offer(BuildConfig.US_UAT, ORIGIN, challenge).orElseThrow();
    assertArrayEquals(key.publicKey(), registry.rekey(offered, challenge, null).publicKey());
    refused("CHALLENGE_SPENT", () -> registry.rekey(offered, challenge, null));
    assertEquals(Registration.State.UNBOUND, registry.unbind(id, null, null).state());
    refused("NOT_BOUND", () -> registry.rebind(id, PHONE, null, null));
    assertEquals(Registration.State.BOUND, registry.bind(id, PHONE, null, null).state());
    Subject person = new Subject(Subject.Kind.PHONE_NUMBER, PHONE);
    assertEquals(1, registry.disconnect(PHONE, "carrier"));
    assertEquals(1, registry.unbindAll(person, "moved", null));
    assertEquals(0, registry.unbindAll(person, null, null));
    List<Event> events = registry.events(id, 0, 100);
    assertEquals("placed", events.get(0).kind());
    assertEquals("clerk", events.stream().filter(e -> e.kind().equals("suspended")).findFirst()
        .orElseThrow().actor());
    List<Registration> exported = new ArrayList<>();
    registry.export(new Subject(Subject.Kind.DEVICE_ID, id), exported::add);
    assertEquals(1, exported.size());
    assertTrue(registry.sweep(1_000));
    Decision decision =
        registry.decide(new Request(Request.Channel.DESKTOP).phoneNumber(PHONE));
    assertNotNull(decision.ticket());
    registry.withdraw(decision.ticket());
    refused("TICKET_SPENT", () -> registry.withdraw(decision.ticket()));
    assertEquals(1, registry.erase(new Subject(Subject.Kind.PHONE_NUMBER, PHONE), "dpo"));
    assertTrue(registry.resolve(id).isEmpty());
  }
}
