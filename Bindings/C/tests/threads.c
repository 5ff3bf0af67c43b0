/* Eight threads on the same handles, closed under them at last: threads FOLDER */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>

enum { thread_count = 8, rounds = 60 };

static pks_vault vault;
static pks_storage storage;
static pks_registry registry;
static char device_id[PKS_ID_SIZE];
static uint64_t counters[thread_count * rounds];
static atomic_int problems, finished_after_close;

static void *work(void *argument) {
  int number = (int)(intptr_t)argument;
  uint8_t assertion[PKS_ASSERTION_SIZE], challenge[32] = {1};
  char name[32], value[64], answer[4096];
  for (int i = 0; i < rounds; i++) {
    size_t length = 0;
    PKS_DECLARE(pks_key, key);
    PKS_DECLARE(pks_assertion, parsed);
    PKS_DECLARE(pks_registration, registration);
    if (pks_vault_key(vault, device_id, &key, NULL) != PKS_OK) problems++;
    if (pks_vault_sign(vault, device_id, challenge, 32, assertion, sizeof assertion, &length,
                       NULL) != PKS_OK)
      problems++;
    if (pks_assertion_parse(assertion, length, &parsed, NULL) != PKS_OK) problems++;
    counters[number * rounds + i] = parsed.counter;
    int size = snprintf(name, sizeof name, "%d", number);
    if (pks_storage_set(storage, name, (size_t)size, name, (size_t)size, NULL) != PKS_OK) problems++;
    if (pks_storage_get(storage, name, (size_t)size, value, sizeof value, &length, NULL) != PKS_OK)
      problems++;
    if (pks_registry_resolve(registry, device_id, &registration, NULL) != PKS_OK) problems++;
    if (i % 10 == 0) {
      char number_text[20];
      snprintf(number_text, sizeof number_text, "+447700900%d00", number);
      pks_status status =
          pks_registry_rebind(registry, device_id, number_text, NULL, NULL, &registration, NULL);
      if (status != PKS_OK && status != PKS_CONTENTION) problems++;
    }
    pks_reply reply = 0;
    if (pks_vault_request(vault, "{\"op\":\"vault.info\"}", 19, &reply, NULL) != PKS_OK) problems++;
    if (pks_reply_read(reply, answer, sizeof answer, &length, NULL) != PKS_OK) problems++;
    if (pks_close(reply, NULL) != PKS_OK) problems++;
  }
  return NULL;
}

/* Calls until everything has been closed under it. */
static void *work_until_closed(void *argument) {
  uint8_t challenge[32] = {1}, assertion[PKS_ASSERTION_SIZE];
  (void)argument;
  for (;;) {
    size_t length = 0;
    PKS_DECLARE(pks_registration, registration);
    pks_status one = pks_vault_sign(vault, device_id, challenge, 32, assertion, sizeof assertion,
                                    &length, NULL);
    pks_status two = pks_registry_resolve(registry, device_id, &registration, NULL);
    pks_status three = pks_storage_count(storage, &length, NULL);
    if ((one != PKS_OK && one != PKS_CLOSED) || (two != PKS_OK && two != PKS_CLOSED) ||
        (three != PKS_OK && three != PKS_CLOSED))
      problems++;
    if (one == PKS_CLOSED && two == PKS_CLOSED && three == PKS_CLOSED) break;
  }
  finished_after_close++;
  return NULL;
}

static int compare(const void *left, const void *right) {
  uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
  return (a > b) - (a < b);
}

static void run(void *(*body)(void *), void (*meanwhile)(void)) {
  pthread_t threads[thread_count];
  for (int i = 0; i < thread_count; i++)
    CHECK(pthread_create(&threads[i], NULL, body, (void *)(intptr_t)i) == 0);
  if (meanwhile) meanwhile();
  for (int i = 0; i < thread_count; i++) CHECK(pthread_join(threads[i], NULL) == 0);
}

static void close_all(void) {
  CHECK(pks_close(storage, NULL) == PKS_OK);
  CHECK(pks_close(registry, NULL) == PKS_OK);
  CHECK(pks_close(vault, NULL) == PKS_OK);
}

int main(int argc, char **argv) {
  static pks_error error = {.size = sizeof(pks_error)};
  if (argc != 2) return 2;
  pks_unlock unlock = raw_unlock();
  EXPECT(PKS_OK, pks_vault_open(in_folder(argv[1], "t.vault"), &unlock, NULL, &vault, &error));
  EXPECT(PKS_OK, pks_storage_open(vault, "o", PKS_DEFAULT_QUOTA, &storage, &error));
  PKS_DECLARE(pks_registry_options, options);
  char store[1024];
  snprintf(store, sizeof store, "sqlite:%s/t.sqlite", argv[1]);
  options.store = store;
  options.unlock = &unlock;
  options.tenant = "shop";
  options.build_config = PKS_US_UAT;
  options.mode = PKS_SHARED;
  EXPECT(PKS_OK, pks_registry_open(&options, &registry, &error));
  PKS_DECLARE(pks_key, key);
  PKS_DECLARE(pks_new_key, offered);
  PKS_DECLARE(pks_placing, placing);
  uint8_t challenge[PKS_CHALLENGE_SIZE];
  size_t length = 0;
  EXPECT(PKS_OK, pks_vault_place_key(vault, PKS_US_UAT, "o", NULL, &key, &error));
  strcpy(device_id, key.device_id);
  EXPECT(PKS_OK, pks_registry_challenge(registry, challenge, sizeof challenge, &length, &error));
  EXPECT(PKS_OK, pks_vault_offer(vault, PKS_US_UAT, "o", challenge, length, &offered, &error));
  placing.device_kind = PKS_DEVICE_WEB;
  placing.new_key = &offered;
  placing.challenge = challenge;
  placing.challenge_length = length;
  EXPECT(PKS_OK, pks_registry_place(registry, &placing, NULL, NULL, &error));
  EXPECT(PKS_OK, pks_registry_bind(registry, device_id, "2001004014", NULL, NULL, NULL, &error));

  run(work, NULL);
  CHECK(problems == 0);
  qsort(counters, thread_count * rounds, sizeof counters[0], compare);
  for (int i = 1; i < thread_count * rounds; i++) CHECK(counters[i] != counters[i - 1]);
  run(work_until_closed, close_all);
  CHECK(problems == 0 && finished_after_close == thread_count);
  return finish("threads");
}
