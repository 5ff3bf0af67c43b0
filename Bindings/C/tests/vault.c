/* The vault's calls, each with what it promises: vault FOLDER */
#include "check.h"

static pks_error error = {.size = sizeof(pks_error)};
static const char *folder;
static const char *origin = "https://shop.example";
static const uint8_t challenge[32] = {42};

static pks_vault open_vault(const char *name) {
  pks_unlock unlock = raw_unlock();
  pks_vault vault = 0;
  EXPECT(PKS_OK, pks_vault_open(in_folder(folder, name), &unlock, NULL, &vault, &error));
  return vault;
}

static void keys_live(void) {
  pks_vault vault = open_vault("keys.vault");
  PKS_DECLARE(pks_key, key);
  PKS_DECLARE(pks_key, again);
  PKS_DECLARE(pks_new_key, offered);
  PKS_DECLARE(pks_assertion, parsed);
  uint8_t assertion[PKS_ASSERTION_SIZE];
  size_t length = 0, count = 0;

  EXPECT(PKS_NOT_FOUND, pks_vault_current_key(vault, PKS_US_UAT, origin, &key, &error));
  EXPECT(PKS_NOT_FOUND, pks_vault_offer(vault, PKS_US_UAT, origin, challenge, 32, &offered, &error));
  EXPECT(PKS_OK, pks_vault_place_key(vault, PKS_US_UAT, origin, NULL, &key, &error));
  CHECK(key.state == PKS_KEY_PENDING && key.algorithm == PKS_ED25519);
  CHECK(strlen(key.device_id) == 36 && strcmp(key.origin, origin) == 0);
  CHECK(key.public_key_length == 32 && key.confirmed_at == 0 && key.created_at > 0);
  EXPECT(PKS_OK, pks_vault_place_key(vault, PKS_US_UAT, origin, NULL, &again, &error));
  CHECK(strcmp(again.device_id, key.device_id) == 0);

  EXPECT(PKS_OK, pks_vault_offer(vault, PKS_US_UAT, origin, challenge, 32, &offered, &error));
  EXPECT(PKS_OK, pks_assertion_verify(offered.proof, offered.proof_length, offered.algorithm,
                                      offered.public_key, offered.public_key_length, challenge, 32,
                                      &error));
  EXPECT(PKS_OK, pks_vault_confirm_key(vault, PKS_US_UAT, origin, key.device_id, &again, &error));
  CHECK(again.state == PKS_KEY_PLACED && again.confirmed_at >= again.created_at);

  /* A buffer that is too small uses no counter up. */
  EXPECT(PKS_BUFFER_TOO_SMALL,
         pks_vault_sign(vault, key.device_id, challenge, 32, NULL, 0, &length, &error));
  size_t needed = length;
  EXPECT(PKS_OK, pks_vault_sign(vault, key.device_id, challenge, 32, assertion, sizeof assertion,
                                &length, &error));
  CHECK(length == needed);
  EXPECT(PKS_OK, pks_assertion_parse(assertion, length, &parsed, &error));
  CHECK(parsed.has_counter && parsed.has_vault_state);
  CHECK(strcmp(parsed.device_id, key.device_id) == 0);
  uint64_t first = parsed.counter;
  EXPECT(PKS_BUFFER_TOO_SMALL, pks_vault_sign(vault, key.device_id, challenge, 32, assertion,
                                              needed - 1, &length, &error));
  EXPECT(PKS_OK, pks_vault_sign(vault, key.device_id, challenge, 32, assertion, needed, &length,
                                &error));
  EXPECT(PKS_OK, pks_assertion_parse(assertion, length, &parsed, &error));
  CHECK(parsed.counter == first + 1);
  EXPECT(PKS_OK, pks_assertion_verify(assertion, length, PKS_ED25519, key.public_key, 32, challenge,
                                      32, &error));
  assertion[length - 1] ^= 1;
  EXPECT(PKS_SIGNATURE_INVALID, pks_assertion_verify(assertion, length, PKS_ED25519, key.public_key,
                                                     32, challenge, 32, &error));
  EXPECT(PKS_CHALLENGE_LENGTH, pks_vault_sign(vault, key.device_id, challenge, 15, assertion,
                                              sizeof assertion, &length, &error));
  CHECK(error.code == PKS_CHALLENGE_LENGTH && error.domain == PKS_DOMAIN_VAULT);

  /* Three keys; the array's first size counts for all, and is told to each. */
  for (int i = 0; i < 2; i++) {
    EXPECT(PKS_OK, pks_vault_place_key(vault, PKS_US_UAT, origin, NULL, &again, &error));
    EXPECT(PKS_OK, pks_vault_confirm_key(vault, PKS_US_UAT, origin, again.device_id, NULL, &error));
  }
  EXPECT(PKS_BUFFER_TOO_SMALL, pks_vault_keys(vault, PKS_US_UAT, origin, NULL, 0, &count, &error));
  CHECK(count == 3);
  pks_key keys[4];
  memset(keys, 0, sizeof keys);
  keys[0].size = sizeof(pks_key);
  EXPECT(PKS_OK, pks_vault_keys(vault, PKS_US_UAT, origin, keys, 4, &count, &error));
  CHECK(count == 3 && strcmp(keys[0].device_id, again.device_id) == 0);
  CHECK(strcmp(keys[2].device_id, key.device_id) == 0 && keys[2].size == sizeof(pks_key));
  CHECK(keys[3].device_id[0] == 0);
  EXPECT(PKS_OK, pks_vault_keys(vault, PKS_EU_PROD, origin, NULL, 0, &count, &error));
  CHECK(count == 0);

  EXPECT(PKS_OK, pks_vault_place_key(vault, PKS_US_UAT, origin, NULL, &again, &error));
  EXPECT(PKS_OK, pks_vault_discard_pending_key(vault, PKS_US_UAT, origin, &error));
  EXPECT(PKS_NOT_FOUND, pks_vault_discard_pending_key(vault, PKS_US_UAT, origin, &error));
  EXPECT(PKS_NOT_FOUND, pks_vault_key(vault, again.device_id, &again, &error));
  EXPECT(PKS_OK, pks_vault_remove_key(vault, key.device_id, &error));
  EXPECT(PKS_NOT_FOUND, pks_vault_remove_key(vault, key.device_id, &error));
  EXPECT(PKS_OK, pks_close(vault, &error));
}

static void storage_lives(void) {
  pks_vault vault = open_vault("storage.vault");
  pks_storage storage = 0;
  EXPECT(PKS_OK, pks_storage_open(vault, origin, PKS_DEFAULT_QUOTA, &storage, &error));
  char text[64];
  uint16_t units[64];
  size_t length = 99, count = 99;
  EXPECT(PKS_NOT_FOUND, pks_storage_get(storage, "k", 1, text, sizeof text, &length, &error));
  CHECK(length == 99);
  EXPECT(PKS_OK, pks_storage_set(storage, "k\0y", 3, "sch\xC3\xB6n", 6, &error));
  EXPECT(PKS_BUFFER_TOO_SMALL, pks_storage_get(storage, "k\0y", 3, text, 5, &length, &error));
  CHECK(length == 6);
  EXPECT(PKS_OK, pks_storage_get(storage, "k\0y", 3, text, sizeof text, &length, &error));
  CHECK(length == 6 && memcmp(text, "sch\xC3\xB6n", 6) == 0);
  const uint16_t name[] = {'k', 0, 'y'};
  EXPECT(PKS_OK, pks_storage_get16(storage, name, 3, units, 64, &length, &error));
  CHECK(length == 5 && units[3] == 0xF6);
  const uint16_t half[] = {0xD800};
  EXPECT(PKS_OK, pks_storage_set16(storage, half, 1, half, 1, &error));
  EXPECT(PKS_OK, pks_storage_get16(storage, half, 1, units, 64, &length, &error));
  CHECK(length == 1 && units[0] == 0xD800);
  EXPECT(PKS_OK, pks_storage_set16(storage, name, 1, half, 1, &error));
  EXPECT(PKS_LONE_SURROGATE, pks_storage_get(storage, "k", 1, text, sizeof text, &length, &error));
  EXPECT(PKS_NOT_UTF8, pks_storage_set(storage, "\xFF", 1, "v", 1, &error));
  EXPECT(PKS_OK, pks_storage_count(storage, &count, &error));
  CHECK(count == 3);
  int found = 0;
  for (size_t i = 0; i < count; i++) {
    EXPECT(PKS_OK, pks_storage_key16(storage, i, units, 64, &length, &error));
    pks_status status = pks_storage_key(storage, i, text, sizeof text, &length, &error);
    found += status == PKS_OK;
    CHECK(status == PKS_OK || status == PKS_LONE_SURROGATE);
  }
  CHECK(found == 2);
  EXPECT(PKS_NOT_FOUND, pks_storage_key(storage, count, text, sizeof text, &length, &error));
  EXPECT(PKS_NOT_FOUND, pks_storage_key16(storage, SIZE_MAX, units, 64, &length, &error));
  EXPECT(PKS_OK, pks_storage_remove(storage, "k", 1, &error));
  EXPECT(PKS_OK, pks_storage_remove16(storage, half, 1, &error));
  EXPECT(PKS_OK, pks_storage_set(storage, "", 0, "", 0, &error));
  EXPECT(PKS_OK, pks_storage_get(storage, NULL, 0, NULL, 0, &length, &error));
  CHECK(length == 0);
  EXPECT(PKS_OK, pks_storage_clear(storage, &error));
  EXPECT(PKS_OK, pks_storage_count(storage, &count, &error));
  CHECK(count == 0);
  pks_storage small = 0;
  EXPECT(PKS_OK, pks_storage_open(vault, origin, 4, &small, &error));
  EXPECT(PKS_QUOTA_EXCEEDED, pks_storage_set(small, "abc", 3, "de", 2, &error));
  EXPECT(PKS_QUOTA_OUT_OF_BOUNDS, pks_storage_open(vault, origin, -2, &small, &error));
  EXPECT(PKS_OK, pks_close(small, &error));

  /* The vault's end is the storage's. */
  EXPECT(PKS_OK, pks_close(vault, &error));
  EXPECT(PKS_CLOSED, pks_storage_set(storage, "a", 1, "b", 1, &error));
  EXPECT(PKS_OK, pks_close(storage, &error));
}

static void ask(pks_vault vault, const char *request, const char *wanted) {
  pks_reply reply = 0;
  size_t length = 0, again = 0;
  EXPECT(PKS_OK, pks_vault_request(vault, request, strlen(request), &reply, &error));
  EXPECT(PKS_BUFFER_TOO_SMALL, pks_reply_read(reply, NULL, 0, &length, &error));
  char *text = calloc(1, length + 1);
  EXPECT(PKS_OK, pks_reply_read(reply, text, length, &again, &error));
  CHECK(again == length);
  if (strstr(text, wanted) == NULL) {
    fprintf(stderr, "%s\n", text);
    CHECK(!"the answer is another");
  }
  free(text);
  EXPECT(PKS_OK, pks_close(reply, &error));
  EXPECT(PKS_CLOSED, pks_reply_read(reply, NULL, 0, &length, &error));
}

static void databases_live(void) {
  pks_vault vault = open_vault("database.vault");
  ask(vault, "{\"op\":\"database.open\",\"origin\":\"https://shop.example\",\"database\":\"d\","
             "\"version\":1,\"stores\":[{\"name\":\"s\",\"autoIncrement\":true}]}",
      "\"ok\":true");
  ask(vault, "{\"op\":\"database.transaction\",\"origin\":\"https://shop.example\","
             "\"database\":\"d\",\"mode\":\"readwrite\",\"operations\":["
             "{\"op\":\"store.put\",\"store\":\"s\",\"value\":\"one\"},"
             "{\"op\":\"store.put\",\"store\":\"s\",\"value\":\"two\"},"
             "{\"op\":\"store.count\",\"store\":\"s\"}]}",
      "[{\"number\":1},{\"number\":2},2]");
  /* One that fails takes the others with it. */
  ask(vault, "{\"op\":\"database.transaction\",\"origin\":\"https://shop.example\","
             "\"database\":\"d\",\"mode\":\"readwrite\",\"operations\":["
             "{\"op\":\"store.clear\",\"store\":\"s\"},"
             "{\"op\":\"store.get\",\"store\":\"none\",\"key\":1}]}",
      "\"ok\":false");
  ask(vault, "{\"op\":\"store.count\",\"origin\":\"https://shop.example\",\"database\":\"d\","
             "\"store\":\"s\"}",
      "\"result\":2");
  ask(vault, "not JSON", "MalformedLine");
  ask(vault, "", "MalformedLine");
  EXPECT(PKS_OK, pks_close(vault, &error));
}

struct watch {
  pks_vault vault;
  int calls, stop_at;
};

/* A callback may use the vault that is at work: no lock is held. */
static int32_t watching(void *context, uint64_t done, uint64_t total) {
  struct watch *watch = context;
  PKS_DECLARE(pks_vault_facts, facts);
  if (pks_vault_info(watch->vault, &facts, NULL) != PKS_OK || done > total) return 1;
  return ++watch->calls == watch->stop_at;
}

static void vault_lives(void) {
  pks_vault vault = open_vault("life.vault");
  PKS_DECLARE(pks_key, key);
  PKS_DECLARE(pks_vault_facts, facts);
  PKS_DECLARE(pks_vault_report, report);
  PKS_DECLARE(pks_rotation, rotation);
  PKS_DECLARE(pks_backup, backup);
  PKS_DECLARE(pks_destruction, destruction);
  EXPECT(PKS_OK, pks_vault_place_key(vault, PKS_US_UAT, origin, NULL, &key, &error));
  EXPECT(PKS_OK, pks_vault_info(vault, &facts, &error));
  CHECK(facts.keys == 1 && facts.unlock_method == PKS_METHOD_RAW_KEY && !facts.is_entangled);
  CHECK(facts.epoch_count == 1 && facts.mode == PKS_EXCLUSIVE && facts.file_bytes > 0);
  EXPECT(PKS_OK, pks_vault_verify(vault, &report, &error));
  CHECK(report.is_sound && report.keys == 1 && report.problem_count == 0);

  struct watch watch = {vault, 0, 1};
  EXPECT(PKS_CANCELLED, pks_vault_rotate(vault, watching, &watch, &rotation, &error));
  CHECK(!rotation.is_complete && watch.calls == 1);
  EXPECT(PKS_OK, pks_vault_info(vault, &facts, &error));
  CHECK(facts.epoch_count == 2);
  watch.stop_at = 0;
  EXPECT(PKS_OK, pks_vault_rotate(vault, watching, &watch, &rotation, &error));
  CHECK(rotation.is_complete && rotation.is_resumed && rotation.resealed > 0);
  CHECK(rotation.retired_count == 1);
  EXPECT(PKS_OK, pks_vault_rotate(vault, NULL, NULL, &rotation, &error));

  watch.calls = 0;
  const char *copy = in_folder(folder, "copy.vault");
  EXPECT(PKS_OK, pks_vault_backup(vault, copy, watching, &watch, &backup, &error));
  CHECK(backup.keys == 1 && watch.calls > 0);
  EXPECT(PKS_ALREADY_EXISTS, pks_vault_backup(vault, copy, NULL, NULL, &backup, &error));

  PKS_DECLARE(pks_compaction, compaction);
  EXPECT(PKS_OK, pks_vault_compact(vault, watching, &watch, &compaction, &error));
  CHECK(compaction.is_log_empty && compaction.file_bytes > 0);
  CHECK(compaction.file_bytes <= compaction.file_bytes_before);

  PKS_DECLARE(pks_unlock, passphrase);
  passphrase.method = PKS_METHOD_PASSPHRASE;
  passphrase.secret = "correct horse";
  passphrase.secret_length = 13;
  EXPECT(PKS_OK, pks_vault_rewrap(vault, &passphrase, &error));
  EXPECT(PKS_OK, pks_close(vault, &error));

  pks_unlock raw = raw_unlock();
  const char *path = in_folder(folder, "life.vault");
  vault = 77;
  EXPECT(PKS_WRONG_UNLOCK_METHOD, pks_vault_open(path, &raw, NULL, &vault, &error));
  CHECK(vault == 77 && error.detail == PKS_METHOD_PASSPHRASE);
  CHECK(error.domain == PKS_DOMAIN_UNLOCK);
  passphrase.secret = "wrong horse!!";
  EXPECT(PKS_WRONG_PASSPHRASE, pks_vault_open(path, &passphrase, NULL, &vault, &error));
  passphrase.secret = "\xC3(";
  passphrase.secret_length = 2;
  EXPECT(PKS_NOT_UTF8, pks_vault_open(path, &passphrase, NULL, &vault, &error));
  passphrase.secret = "correct horse";
  passphrase.secret_length = 13;
  EXPECT(PKS_OK, pks_vault_open(path, &passphrase, NULL, &vault, &error));
  pks_vault second = 0;
  EXPECT(PKS_IN_USE, pks_vault_open(path, &passphrase, NULL, &second, &error));

  EXPECT(PKS_OK, pks_vault_destroy(vault, &destruction, &error));
  CHECK(destruction.keys == 1 && destruction.overwritten_bytes > 0);
  EXPECT(PKS_CLOSED, pks_vault_key(vault, key.device_id, &key, &error));
  EXPECT(PKS_OK, pks_close(vault, &error));
  PKS_DECLARE(pks_vault_options, options);
  options.access = PKS_OPEN_EXISTING;
  EXPECT(PKS_MISSING, pks_vault_open(path, &passphrase, &options, &vault, &error));
  options.access = PKS_CREATE;
  EXPECT(PKS_ALREADY_EXISTS, pks_vault_open(copy, &raw, &options, &vault, &error));
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  folder = argv[1];
  CHECK(pks_abi() == PKS_ABI);
  CHECK(strcmp(pks_version(), PKS_VERSION) == 0);
  CHECK(strcmp(pks_status_name(PKS_WRONG_KEY), "WRONG_KEY") == 0);
  CHECK(strcmp(pks_status_name(-5), "UNKNOWN") == 0);
  keys_live();
  storage_lives();
  databases_live();
  vault_lives();
  return finish("vault");
}
