/* The registry's calls with a vault as the device: registry FOLDER [STORE] */
#include "check.h"

static pks_error error = {.size = sizeof(pks_error)};
static const char *origin = "https://shop.example";
static const char *phone = "+12001004014";
static pks_registry registry;
static pks_vault vault;
static const char *store_url;

static pks_registry open_registry(const char *folder, const char *tenant, pks_status wanted) {
  pks_unlock unlock = raw_unlock();
  PKS_DECLARE(pks_policy, policy);
  EXPECT(PKS_OK, pks_policy_default(&policy, &error));
  CHECK(policy.inactivity_months == 12 && policy.event_detail_days == 400);
  CHECK(policy.maximum_binding_age_seconds == PKS_BINDING_AGE_IGNORED);
  policy.key_persistence = 1;
  PKS_DECLARE(pks_registry_options, options);
  char store[1024];
  snprintf(store, sizeof store, "sqlite:%s/registry.sqlite", folder);
  options.store = store_url ? store_url : store;
  options.unlock = &unlock;
  options.tenant = tenant;
  options.build_config = PKS_US_UAT;
  options.mode = PKS_SHARED;
  options.policy = &policy;
  pks_registry opened = 0;
  EXPECT(wanted, pks_registry_open(&options, &opened, &error));
  return opened;
}

static size_t make_challenge(uint8_t *challenge) {
  size_t length = 0;
  EXPECT(PKS_OK, pks_registry_challenge(registry, challenge, PKS_CHALLENGE_SIZE, &length, &error));
  CHECK(length == PKS_CHALLENGE_SIZE);
  return length;
}

/* Places a key by the flow: decide, check possession, complete, confirm. */
static void enrol(char *device_id) {
  PKS_DECLARE(pks_request, request);
  PKS_DECLARE(pks_decision, decision);
  PKS_DECLARE(pks_key, key);
  PKS_DECLARE(pks_new_key, offered);
  PKS_DECLARE(pks_possession, possession);
  PKS_DECLARE(pks_registration, registration);
  char ticket[PKS_TICKET_SIZE];
  uint8_t challenge[PKS_CHALLENGE_SIZE];
  request.channel = PKS_CHANNEL_MOBILE;
  request.phone_number = phone;
  request.visitor_id = "visitor-1";
  request.visitor_confidence = 0.99;
  request.client_customer_id = "customer-7";
  EXPECT(PKS_BUFFER_TOO_SMALL, pks_registry_decide(registry, &request, &decision, ticket,
                                                   PKS_TICKET_SIZE - 1, &error));
  EXPECT(PKS_OK, pks_registry_decide(registry, &request, &decision, ticket, sizeof ticket, &error));
  CHECK(decision.outcome == PKS_REQUIRE_POSSESSION && decision.action == PKS_ACTION_PLACE);
  CHECK(decision.reason[0] != 0 && strlen(ticket) > 40);

  size_t length = make_challenge(challenge);
  EXPECT(PKS_OK, pks_vault_place_key(vault, PKS_US_UAT, origin, NULL, &key, &error));
  EXPECT(PKS_OK, pks_vault_offer(vault, PKS_US_UAT, origin, challenge, length, &offered, &error));
  possession.passed = 1;
  possession.phone_number = "+12001004015";
  EXPECT(PKS_PHONE_NUMBER_MISMATCH,
         pks_registry_complete(registry, ticket, &possession, &offered, challenge, length,
                               &registration, &error));
  possession.phone_number = "2001004014";
  possession.prove_id = "prove-1";
  EXPECT(PKS_POSSESSION_MISSING, pks_registry_complete(registry, ticket, NULL, &offered, challenge,
                                                       length, NULL, &error));
  EXPECT(PKS_OK, pks_registry_complete(registry, ticket, &possession, &offered, challenge, length,
                                       &registration, &error));
  CHECK(registration.state == PKS_STATE_BOUND && !registration.is_inactive);
  CHECK(strcmp(registration.phone_number, phone) == 0);
  CHECK(strcmp(registration.prove_id, "prove-1") == 0);
  CHECK(strcmp(registration.client_customer_id, "customer-7") == 0);
  CHECK(memcmp(registration.public_key, key.public_key, 32) == 0);
  CHECK(registration.becomes_inactive_at > registration.placed_at);
  EXPECT(PKS_TICKET_SPENT, pks_registry_complete(registry, ticket, &possession, &offered, challenge,
                                                 length, NULL, &error));
  EXPECT(PKS_OK, pks_vault_confirm_key(vault, PKS_US_UAT, origin, key.device_id, NULL, &error));
  strcpy(device_id, key.device_id);
}

/* Presents the key; returns the outcome, and completes what authenticates. */
static uint32_t authenticate(const char *device_id, const char *number, pks_decision *decision) {
  PKS_DECLARE(pks_request, request);
  char ticket[PKS_TICKET_SIZE];
  uint8_t challenge[PKS_CHALLENGE_SIZE], assertion[PKS_ASSERTION_SIZE];
  size_t length = make_challenge(challenge), assertion_length = 0;
  EXPECT(PKS_OK, pks_vault_sign(vault, device_id, challenge, length, assertion, sizeof assertion,
                                &assertion_length, &error));
  request.channel = PKS_CHANNEL_MOBILE;
  request.phone_number = number;
  request.assertion = assertion;
  request.assertion_length = assertion_length;
  EXPECT(PKS_CHALLENGE_MISSING,
         pks_registry_decide(registry, &request, decision, ticket, sizeof ticket, &error));
  request.challenge = challenge;
  request.challenge_length = length;
  EXPECT(PKS_OK, pks_registry_decide(registry, &request, decision, ticket, sizeof ticket, &error));
  if (decision->outcome == PKS_AUTHENTICATE) {
    EXPECT(PKS_OK, pks_registry_complete(registry, ticket, NULL, NULL, NULL, 0, NULL, &error));
    EXPECT(PKS_CHALLENGE_SPENT,
           pks_registry_decide(registry, &request, decision, ticket, sizeof ticket, &error));
    return PKS_AUTHENTICATE;
  }
  if (decision->outcome == PKS_REJECT) {
    CHECK(ticket[0] == 0);
    EXPECT(PKS_TICKET_UNKNOWN, pks_registry_withdraw(registry, ticket, &error));
  } else {
    EXPECT(PKS_OK, pks_registry_withdraw(registry, ticket, &error));
    EXPECT(PKS_TICKET_SPENT, pks_registry_withdraw(registry, ticket, &error));
  }
  return decision->outcome;
}

static void reading(const char *device_id) {
  PKS_DECLARE(pks_registration, one);
  pks_registration many[3];
  memset(many, 0, sizeof many);
  many[0].size = sizeof(pks_registration);
  size_t count = 0;
  EXPECT(PKS_OK, pks_registry_resolve(registry, device_id, &one, &error));
  CHECK(one.state == PKS_STATE_BOUND && one.last_authenticated_at > 0);
  EXPECT(PKS_NOT_FOUND, pks_registry_resolve(registry, "nobody", &one, &error));
  const char *ids[] = {"nobody", device_id, device_id};
  EXPECT(PKS_OK, pks_registry_resolve_many(registry, ids, 3, many, &error));
  CHECK(many[0].state == PKS_STATE_NONE && many[1].state == PKS_STATE_BOUND);
  CHECK(strcmp(many[2].device_id, device_id) == 0 && many[2].size == sizeof one);
  EXPECT(PKS_BAD_LENGTH, pks_registry_resolve_many(registry, ids, 1001, many, &error));

  EXPECT(PKS_OK, pks_registry_candidates(registry, "visitor-1", NULL, many, 3, &count, &error));
  CHECK(count == 1 && strcmp(many[0].device_id, device_id) == 0);
  EXPECT(PKS_OK, pks_registry_candidates(registry, "visitor-1", "+447700900123", many, 3, &count,
                                         &error));
  CHECK(count == 0);
  EXPECT(PKS_MALFORMED,
         pks_registry_candidates(registry, "visitor-1", NULL, many, 0, &count, &error));

  const struct { uint32_t subject; const char *value; } subjects[] = {
      {PKS_SUBJECT_PHONE_NUMBER, "2001004014"}, {PKS_SUBJECT_PROVE_ID, "prove-1"},
      {PKS_SUBJECT_CLIENT_CUSTOMER_ID, "customer-7"}, {PKS_SUBJECT_DEVICE_ID, device_id},
  };
  for (size_t i = 0; i < 4; i++) {
    PKS_DECLARE(pks_cursor, cursor);
    EXPECT(PKS_OK, pks_registry_export(registry, subjects[i].subject, subjects[i].value, &cursor,
                                       many, 3, &count, &error));
    CHECK(count == 1 && cursor.is_at_end && strcmp(many[0].device_id, device_id) == 0);
  }
  PKS_DECLARE(pks_cursor, bad);
  strcpy(bad.text, "not a cursor");
  EXPECT(PKS_MALFORMED, pks_registry_export(registry, PKS_SUBJECT_PROVE_ID, "p", &bad, many, 3,
                                            &count, &error));
  EXPECT(PKS_BAD_VALUE,
         pks_registry_export(registry, 99, "p", &bad, many, 3, &count, &error));

  pks_event events[20];
  memset(events, 0, sizeof events);
  events[0].size = sizeof(pks_event);
  EXPECT(PKS_OK, pks_registry_events(registry, device_id, 0, events, 20, &count, &error));
  CHECK(count >= 2 && strcmp(events[0].kind, "placed") == 0 && events[0].sequence == 1);
  CHECK(strcmp(events[1].kind, "bound") == 0 && strcmp(events[1].actor, "flow") == 0);
  EXPECT(PKS_OK,
         pks_registry_events(registry, device_id, UINT64_MAX, events, 20, &count, &error));
  CHECK(count == 0);
}

static void renaming(const char *device_id) {
  PKS_DECLARE(pks_registration, registration);
  EXPECT(PKS_OK, pks_registry_rename(registry, device_id, "Tablet", NULL, &registration, &error));
  CHECK(strcmp(registration.device_name, "Tablet") == 0);
  EXPECT(PKS_MALFORMED, pks_registry_rename(registry, device_id, "a\nb", NULL, NULL, &error));
  EXPECT(PKS_OK, pks_registry_rename(registry, device_id, NULL, NULL, &registration, &error));
  CHECK(registration.device_name[0] == 0);
  EXPECT(PKS_OK, pks_registry_record_authentication(registry, device_id, "till", &registration,
                                                    &error));
  CHECK(registration.last_authenticated_at > 0);
  EXPECT(PKS_UNKNOWN_DEVICE,
         pks_registry_record_authentication(registry, "nobody", NULL, NULL, &error));
}

/* A new key of the same id takes the old one's place; a challenge that was spent does not do. */
static void rekeying(const char *device_id, const uint8_t *spent, size_t spent_length) {
  PKS_DECLARE(pks_key, key);
  PKS_DECLARE(pks_new_key, offered);
  PKS_DECLARE(pks_registration, registration);
  uint8_t challenge[PKS_CHALLENGE_SIZE];
  size_t length = make_challenge(challenge);
  EXPECT(PKS_OK, pks_vault_confirm_key(vault, PKS_US_UAT, "other", device_id, NULL, &error));
  EXPECT(PKS_OK, pks_vault_place_key(vault, PKS_US_UAT, "other", device_id, &key, &error));
  EXPECT(PKS_OK,
         pks_vault_offer(vault, PKS_US_UAT, "other", spent, spent_length, &offered, &error));
  EXPECT(PKS_CHALLENGE_SPENT, pks_registry_rekey(registry, &offered, spent, spent_length, NULL,
                                                 NULL, &error));
  EXPECT(PKS_OK, pks_vault_offer(vault, PKS_US_UAT, "other", challenge, length, &offered, &error));
  EXPECT(PKS_NULL_POINTER,
         pks_registry_rekey(registry, NULL, challenge, length, NULL, NULL, &error));
  EXPECT(PKS_OK, pks_registry_rekey(registry, &offered, challenge, length, "clerk", &registration,
                                    &error));
  CHECK(memcmp(registration.public_key, key.public_key, 32) == 0);
  CHECK(strcmp(registration.device_id, device_id) == 0 && registration.state == PKS_STATE_BOUND);
}

/* Told while the registry is walked; it may use the registry that is at work. */
static int32_t walking(void *context, uint64_t done, uint64_t total) {
  PKS_DECLARE(pks_registration, registration);
  if (pks_registry_resolve(registry, "nobody", &registration, NULL) != PKS_NOT_FOUND) return 1;
  if (done <= total) ++*(int *)context;
  return 0;
}

static void health(const char *folder) {
  PKS_DECLARE(pks_registry_facts, facts);
  PKS_DECLARE(pks_registry_report, report);
  PKS_DECLARE(pks_replay, replay);
  PKS_DECLARE(pks_registry_copy, copy);
  pks_reply problems = 0;
  int told = 0;
  size_t length = 99;
  EXPECT(PKS_OK, pks_registry_info(registry, &facts, &error));
  CHECK(facts.bound >= 2 && facts.unbound == 1 && facts.revoked == 0 && facts.events > 8);
  EXPECT(PKS_OK, pks_registry_verify(registry, walking, &told, &report, &problems, &error));
  CHECK(report.is_sound && report.problem_count == 0 && report.has_set_digests && told > 0);
  CHECK(report.registrations == facts.placed + facts.bound + facts.unbound + facts.revoked);
  CHECK(report.events == facts.events);
  EXPECT(PKS_OK, pks_reply_read(problems, NULL, 0, &length, &error));
  CHECK(length == 0);
  EXPECT(PKS_OK, pks_close(problems, &error));
  EXPECT(PKS_OK, pks_registry_verify(registry, NULL, NULL, &report, NULL, &error));
  EXPECT(PKS_OK, pks_registry_replay(registry, &replay, &error));
  CHECK(replay.agrees && replay.decisions > 0 && replay.decisions == replay.reproduced);
  CHECK(replay.events == facts.events && replay.erased == 0);

  const char *path = in_folder(folder, "copy.sqlite");
  if (store_url) {
    EXPECT(PKS_UNSUPPORTED, pks_registry_backup(registry, path, NULL, NULL, &copy, &error));
    return;
  }
  told = 0;
  EXPECT(PKS_OK, pks_registry_backup(registry, path, walking, &told, &copy, &error));
  CHECK(copy.registrations == report.registrations && copy.events == report.events && told > 0);
  CHECK(copy.file_bytes > 0);
  EXPECT(PKS_ALREADY_EXISTS, pks_registry_backup(registry, path, NULL, NULL, &copy, &error));
}

/* All devices of a person at once. */
static void people(const char *device_id) {
  PKS_DECLARE(pks_registration, registration);
  uint64_t count = 99;
  EXPECT(PKS_OK, pks_registry_disconnect(registry, phone, "carrier", &count, &error));
  CHECK(count == 1);
  EXPECT(PKS_OK, pks_registry_disconnect(registry, phone, NULL, &count, &error));
  CHECK(count == 0);
  PKS_DECLARE(pks_decision, decision);
  CHECK(authenticate(device_id, phone, &decision) == PKS_REQUIRE_POSSESSION && decision.row == 19);
  EXPECT(PKS_OK, pks_registry_unbind_all(registry, PKS_SUBJECT_CLIENT_CUSTOMER_ID, "customer-7",
                                         "moved", NULL, &count, &error));
  CHECK(count == 1);
  EXPECT(PKS_OK, pks_registry_resolve(registry, device_id, &registration, &error));
  CHECK(registration.state == PKS_STATE_UNBOUND);
  EXPECT(PKS_BAD_VALUE,
         pks_registry_unbind_all(registry, 6, "x", NULL, NULL, &count, &error));
  EXPECT(PKS_OK, pks_registry_unbind_all(registry, PKS_SUBJECT_PHONE_NUMBER, phone, NULL, NULL,
                                         NULL, &error));
  EXPECT(PKS_OK,
         pks_registry_bind(registry, device_id, phone, "prove-1", NULL, &registration, &error));
  CHECK(registration.state == PKS_STATE_BOUND);
}

static void placing(void) {
  PKS_DECLARE(pks_placing, placing);
  PKS_DECLARE(pks_key, key);
  PKS_DECLARE(pks_new_key, offered);
  PKS_DECLARE(pks_registration, registration);
  uint8_t challenge[PKS_CHALLENGE_SIZE];
  size_t length = make_challenge(challenge);
  EXPECT(PKS_OK, pks_vault_place_key(vault, PKS_US_UAT, "other", NULL, &key, &error));
  EXPECT(PKS_OK, pks_vault_offer(vault, PKS_US_UAT, "other", challenge, length, &offered, &error));
  placing.device_kind = PKS_DEVICE_MOBILE;
  placing.new_key = &offered;
  placing.challenge = challenge;
  placing.challenge_length = length;
  placing.device_name = "Ann's phone";
  offered.proof[offered.proof_length - 1] ^= 1;
  EXPECT(PKS_SIGNATURE_INVALID,
         pks_registry_place(registry, &placing, NULL, &registration, &error));
  offered.proof[offered.proof_length - 1] ^= 1;
  EXPECT(PKS_OK, pks_registry_place(registry, &placing, "clerk", &registration, &error));
  CHECK(registration.state == PKS_STATE_PLACED);
  CHECK(strcmp(registration.device_name, "Ann's phone") == 0);
  EXPECT(PKS_OK, pks_registry_bind(registry, key.device_id, "+447700900123", NULL, NULL,
                                   &registration, &error));
  CHECK(registration.state == PKS_STATE_BOUND && registration.version > 1);
  EXPECT(PKS_OK, pks_registry_rebind(registry, key.device_id, "+447700900124", "prove-2", NULL,
                                     &registration, &error));
  CHECK(strcmp(registration.phone_number, "+447700900124") == 0);
  EXPECT(PKS_OK, pks_registry_suspend(registry, key.device_id, "lost", NULL, &registration, &error));
  CHECK(registration.is_suspended);
  EXPECT(PKS_OK, pks_registry_resume(registry, key.device_id, NULL, NULL, &registration, &error));
  renaming(key.device_id);
  rekeying(key.device_id, challenge, length);
  EXPECT(PKS_OK, pks_registry_unbind(registry, key.device_id, NULL, NULL, &registration, &error));
  CHECK(registration.state == PKS_STATE_UNBOUND);
  EXPECT(PKS_NOT_BOUND, pks_registry_rebind(registry, key.device_id, phone, NULL, NULL, NULL,
                                            &error));
  EXPECT(PKS_UNKNOWN_DEVICE, pks_registry_bind(registry, "nobody", phone, NULL, NULL, NULL,
                                               &error));
}

/* The key of a decision is placed first, and bound by another ticket (R3). */
static void placing_early(void) {
  PKS_DECLARE(pks_request, request);
  PKS_DECLARE(pks_decision, decision);
  PKS_DECLARE(pks_key, key);
  PKS_DECLARE(pks_new_key, offered);
  PKS_DECLARE(pks_possession, possession);
  PKS_DECLARE(pks_registration, registration);
  char ticket[PKS_TICKET_SIZE], next[PKS_TICKET_SIZE];
  uint8_t challenge[PKS_CHALLENGE_SIZE];
  request.channel = PKS_CHANNEL_NONE;
  EXPECT(PKS_OK, pks_registry_decide(registry, &request, &decision, ticket, sizeof ticket, &error));
  size_t length = make_challenge(challenge);
  EXPECT(PKS_OK, pks_vault_place_key(vault, PKS_US_UAT, "early", NULL, &key, &error));
  EXPECT(PKS_OK, pks_vault_offer(vault, PKS_US_UAT, "early", challenge, length, &offered, &error));
  EXPECT(PKS_OK, pks_registry_place_early(registry, ticket, &offered, challenge, length,
                                          &registration, next, sizeof next, &error));
  CHECK(registration.state == PKS_STATE_PLACED);
  possession.passed = 1;
  possession.phone_number = "+447700900125";
  EXPECT(PKS_OK, pks_registry_complete(registry, next, &possession, NULL, NULL, 0, &registration,
                                       &error));
  CHECK(registration.state == PKS_STATE_BOUND);
}

int main(int argc, char **argv) {
  if (argc != 2 && argc != 3) return 2;
  store_url = argv[2];
  pks_unlock unlock = raw_unlock();
  EXPECT(PKS_OK, pks_vault_open(in_folder(argv[1], "device.vault"), &unlock, NULL, &vault, &error));
  registry = open_registry(argv[1], "shop", PKS_OK);
  char device_id[PKS_ID_SIZE];
  PKS_DECLARE(pks_decision, decision);
  PKS_DECLARE(pks_sweep, sweep);
  PKS_DECLARE(pks_erasure, erasure);
  PKS_DECLARE(pks_registration, registration);

  enrol(device_id);
  CHECK(authenticate(device_id, phone, &decision) == PKS_AUTHENTICATE);
  reading(device_id);
  CHECK(authenticate(device_id, "+12001004015", &decision) == PKS_REJECT);
  CHECK(strcmp(decision.reason, "phoneMismatch") == 0 && decision.wire_code == 0);
  placing();
  placing_early();
  EXPECT(PKS_OK, pks_registry_sweep(registry, 1000, &sweep, &error));
  CHECK(sweep.is_complete && sweep.deactivated == 0);
  EXPECT(PKS_MALFORMED, pks_registry_sweep(registry, 0, &sweep, &error));
  health(argv[1]);
  people(device_id);

  uint32_t was_revoked = 9;
  EXPECT(PKS_OK, pks_registry_revoke(registry, device_id, "call", "desk", &was_revoked, &error));
  CHECK(was_revoked == 0);
  EXPECT(PKS_OK, pks_registry_revoke(registry, device_id, "call", NULL, &was_revoked, &error));
  CHECK(was_revoked == 1);
  CHECK(authenticate(device_id, phone, &decision) == PKS_REJECT && decision.wire_code == 8019);

  char actor[257];
  memset(actor, 'a', 256);
  actor[256] = 0; /* an event could not be read again that kept it */
  EXPECT(PKS_MALFORMED, pks_registry_erase(registry, PKS_SUBJECT_PHONE_NUMBER, phone, actor,
                                           &erasure, &error));
  EXPECT(PKS_OK, pks_registry_erase(registry, PKS_SUBJECT_PHONE_NUMBER, phone, "dpo", &erasure,
                                    &error));
  CHECK(erasure.registrations == 1 && erasure.details >= 1);
  EXPECT(PKS_NOT_FOUND, pks_registry_resolve(registry, device_id, &registration, &error));

  /* A second handle on the same file, and one of another tenant. */
  pks_registry second = open_registry(argv[1], "shop", PKS_OK);
  EXPECT(PKS_OK, pks_close(second, &error));
  open_registry(argv[1], "another", PKS_SCOPE_MISMATCH);
  EXPECT(PKS_OK, pks_close(registry, &error));
  EXPECT(PKS_CLOSED, pks_registry_resolve(registry, device_id, &registration, &error));
  EXPECT(PKS_OK, pks_close(vault, &error));
  return finish("registry");
}
