import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import provekeystore.Access;
import provekeystore.BuildConfig;
import provekeystore.Decision;
import provekeystore.NewKey;
import provekeystore.Policy;
import provekeystore.Possession;
import provekeystore.Registration;
import provekeystore.Registry;
import provekeystore.Request;
import provekeystore.StoreException;
import provekeystore.Unlock;

/**
 * A server wrapper with the JDK's own HTTP server: resolves stored deviceIds and decides
 * authentications. Requests and answers are forms, since the JDK reads no JSON.
 *
 * <pre>PROVE_STORE=sqlite:registry.sqlite PROVE_KEY_FILE=registry.key java ... ServerWrapper 8080
 * </pre>
 *
 * It trusts whoever can reach it, as a service behind an integrator's own back end does. That back
 * end tells a device no more than the outcome and a code, and SIGNATURE_INVALID as it tells possession
 * required: who tries out deviceIds must not learn which there are.
 */
public final class ServerWrapper implements AutoCloseable {
  private static final int LARGEST_BODY = 65_536;

  /** What a caller can mend, by the name of the error; the rest is 400 or the server's. */
  private static final Map<String, Integer> STATUS =
      Map.of(
          "UNKNOWN_DEVICE", 404, "DEVICE_REVOKED", 409, "PLAN_STALE", 409, "TICKET_SPENT", 409,
          "CHALLENGE_SPENT", 409, "UNAVAILABLE", 503, "CONTENTION", 503, "IO", 500, "DAMAGED", 500,
          "INTERNAL", 500);

  private final Registry registry;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newFixedThreadPool(8);

  /** Serves a registry on the loopback; port 0 takes a free one. */
  public ServerWrapper(Registry registry, int port) throws IOException {
    this.registry = registry;
    server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
    server.setExecutor(threads);
    serve("/challenges", form -> answer("challenge", base64(registry.challenge())));
    serve("/resolve", this::resolve);
    serve("/decisions", this::decide);
    serve("/completions", this::complete);
    serve("/revocations", form ->
        answer("revoked", registry.revoke(one(form, "deviceId"), null, "server")));
    server.start();
  }

  /** Where it listens. */
  public int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  private Map<String, String> resolve(Map<String, List<String>> form) {
    Map<String, String> answer = new LinkedHashMap<>();
    one(form, "deviceId");
    List<String> ids = form.get("deviceId");
    List<Optional<Registration>> found = registry.resolveMany(ids);
    for (int i = 0; i < ids.size(); i++) {
      answer.put(
          ids.get(i),
          found.get(i).map(r -> r.isUsable() ? "usable" : r.state().name()).orElse("NONE"));
    }
    return answer;
  }

  private Map<String, String> decide(Map<String, List<String>> form) {
    Request request =
        new Request(Request.Channel.valueOf(form.getOrDefault("channel", List.of("MOBILE")).get(0)))
            .phoneNumber(maybe(form, "phoneNumber"))
            .proveId(maybe(form, "proveId"))
            .storedDeviceId(maybe(form, "deviceId"))
            .rebind("true".equals(maybe(form, "rebind")))
            .presenting(bytes(form, "assertion"), bytes(form, "challenge"));
    if (form.containsKey("visitorId")) {
      request.visitor(
          one(form, "visitorId"), Double.parseDouble(one(form, "visitorConfidence")));
    }
    Decision decision = registry.decide(request);
    return answer(
        "row", decision.row(), "outcome", decision.outcome(), "action", decision.action(),
        "reason", decision.reason(), "code", decision.wireCode(), "ticket", decision.ticket());
  }

  private Map<String, String> complete(Map<String, List<String>> form) {
    Possession possession = null;
    if ("true".equals(maybe(form, "failed"))) {
      possession = Possession.failed();
    } else if (form.containsKey("verifiedPhoneNumber")) {
      possession = Possession.of(one(form, "verifiedPhoneNumber"));
    }
    NewKey key = null;
    if (form.containsKey("publicKey")) {
      key =
          new NewKey(
              one(form, "deviceId"), Integer.parseInt(one(form, "algorithm")),
              bytes(form, "publicKey"), bytes(form, "proof"));
    }
    Optional<Registration> done =
        registry.complete(one(form, "ticket"), possession, key, bytes(form, "challenge"));
    return answer(
        "deviceId", done.map(Registration::deviceId).orElse(null),
        "state", done.map(Registration::state).orElse(null));
  }

  // Forms.

  private interface Handler {
    Map<String, String> answer(Map<String, List<String>> form);
  }

  private void serve(String path, Handler handler) {
    server.createContext(
        path,
        exchange -> {
          try (exchange) {
            byte[] body = exchange.getRequestBody().readNBytes(LARGEST_BODY + 1);
            if (!exchange.getRequestMethod().equals("POST") || body.length > LARGEST_BODY) {
              send(exchange, 400, answer("error", "MALFORMED"));
              return;
            }
            try {
              send(exchange, 200, handler.answer(read(body)));
            } catch (StoreException refused) {
              int status = STATUS.getOrDefault(refused.name(), 400);
              send(exchange, status, answer("error", refused.name()));
            } catch (IllegalArgumentException malformed) {
              send(exchange, 400, answer("error", "MALFORMED"));
            }
          }
        });
  }

  private static Map<String, List<String>> read(byte[] body) {
    Map<String, List<String>> form = new LinkedHashMap<>();
    for (String pair : new String(body, StandardCharsets.UTF_8).split("&")) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        form.computeIfAbsent(decoded(pair.substring(0, equals)), name -> new ArrayList<>())
            .add(decoded(pair.substring(equals + 1)));
      }
    }
    return form;
  }

  private static void send(HttpExchange exchange, int status, Map<String, String> answer)
      throws IOException {
    List<String> pairs = new ArrayList<>();
    answer.forEach((name, value) -> pairs.add(encoded(name) + "=" + encoded(value)));
    byte[] body = String.join("&", pairs).getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/x-www-form-urlencoded");
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    if (body.length > 0) {
      exchange.getResponseBody().write(body);
    }
  }

  private static Map<String, String> answer(Object... pairs) {
    Map<String, String> answer = new LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      if (pairs[i + 1] != null) {
        answer.put(pairs[i].toString(), pairs[i + 1].toString());
      }
    }
    return answer;
  }

  private static String one(Map<String, List<String>> form, String name) {
    String value = maybe(form, name);
    if (value == null) {
      throw new IllegalArgumentException("a field is missing");
    }
    return value;
  }

  private static String maybe(Map<String, List<String>> form, String name) {
    List<String> values = form.get(name);
    return values == null ? null : values.get(0);
  }

  private static byte[] bytes(Map<String, List<String>> form, String name) {
    String value = maybe(form, name);
    return value == null ? null : Base64.getDecoder().decode(value);
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  /** Serves until it is stopped. */
  public static void main(String[] arguments) throws Exception {
    try (Unlock unlock = Unlock.keyFile(System.getenv("PROVE_KEY_FILE"));
        Registry registry =
            Registry.open(
                System.getenv("PROVE_STORE"), unlock, "shop", BuildConfig.US_UAT,
                Access.OPEN_OR_CREATE, new Policy().keyPersistence(true), true);
        ServerWrapper server = new ServerWrapper(registry, Integer.parseInt(arguments[0]))) {
      System.out.println("listening on 127.0.0.1:" + server.port());
      Thread.currentThread().join();
    }
  }
}
