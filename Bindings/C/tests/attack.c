/* What no caller should do, and what the library answers: never anything but a code. attack FOLDER */
#include "check.h"

#include <sys/wait.h>
#include <unistd.h>

static pks_error error = {.size = sizeof(pks_error)};
static const char *origin = "https://shop.example";
static const uint8_t challenge[32] = {42};

static void null_pointers(pks_vault vault, pks_storage storage, pks_registry registry) {
  size_t n = 0;
  pks_key key = {.size = sizeof key};
  uint8_t bytes[PKS_ASSERTION_SIZE];
  pks_unlock unlock = raw_unlock();
  EXPECT(PKS_NULL_POINTER, pks_vault_open(NULL, &unlock, NULL, &vault, &error));
  EXPECT(PKS_NULL_POINTER, pks_vault_open("v", NULL, NULL, &vault, &error));
  EXPECT(PKS_NULL_POINTER, pks_vault_open("v", &unlock, NULL, NULL, &error));
  unlock.secret = NULL;
  EXPECT(PKS_NULL_POINTER, pks_vault_open("v", &unlock, NULL, &vault, &error));
  EXPECT(PKS_NULL_POINTER, pks_vault_info(vault, NULL, &error));
  EXPECT(PKS_NULL_POINTER, pks_vault_key(vault, NULL, &key, &error));
  EXPECT(PKS_NULL_POINTER, pks_vault_key(vault, "x", NULL, &error));
  EXPECT(PKS_NULL_POINTER, pks_vault_place_key(vault, 1, NULL, NULL, &key, &error));
  EXPECT(PKS_NULL_POINTER, pks_vault_sign(vault, "x", NULL, 32, bytes, sizeof bytes, &n, &error));
  EXPECT(PKS_NULL_POINTER, pks_vault_sign(vault, "x", challenge, 32, NULL, 9, &n, &error));
  EXPECT(PKS_NULL_POINTER, pks_vault_sign(vault, "x", challenge, 32, bytes, 9, NULL, &error));
  EXPECT(PKS_NULL_POINTER, pks_vault_keys(vault, 1, origin, NULL, 5, &n, &error));
  EXPECT(PKS_NULL_POINTER, pks_vault_keys(vault, 1, origin, NULL, 0, NULL, &error));
  EXPECT(PKS_NULL_POINTER, pks_vault_rotate(vault, NULL, NULL, NULL, &error));
  EXPECT(PKS_NULL_POINTER, pks_vault_destroy(vault, NULL, &error));
  EXPECT(PKS_NULL_POINTER, pks_vault_request(vault, NULL, 4, &vault, &error));
  EXPECT(PKS_NULL_POINTER, pks_storage_set(storage, NULL, 1, "v", 1, &error));
  EXPECT(PKS_NULL_POINTER, pks_storage_get16(storage, NULL, 1, NULL, 0, &n, &error));
  EXPECT(PKS_NULL_POINTER, pks_phone_normalise(NULL, NULL, 0, &n, &error));
  EXPECT(PKS_NULL_POINTER, pks_policy_default(NULL, &error));
  EXPECT(PKS_NULL_POINTER, pks_registry_open(NULL, &registry, &error));
  EXPECT(PKS_NULL_POINTER, pks_registry_resolve(registry, NULL, NULL, &error));
  EXPECT(PKS_NULL_POINTER, pks_registry_resolve_many(registry, NULL, 2, NULL, &error));
  EXPECT(PKS_NULL_POINTER, pks_registry_decide(registry, NULL, NULL, NULL, 0, &error));
  EXPECT(PKS_NULL_POINTER, pks_registry_complete(registry, NULL, NULL, NULL, NULL, 0, NULL, &error));
  EXPECT(PKS_NULL_POINTER, pks_registry_erase(registry, 1, NULL, NULL, NULL, &error));
  EXPECT(PKS_NULL_POINTER, pks_registry_sweep(registry, 1, NULL, &error));
  EXPECT(PKS_NULL_POINTER, pks_registry_rekey(registry, NULL, NULL, 0, NULL, NULL, &error));
  EXPECT(PKS_NULL_POINTER, pks_registry_rename(registry, NULL, NULL, NULL, NULL, &error));
  EXPECT(PKS_NULL_POINTER,
         pks_registry_record_authentication(registry, NULL, NULL, NULL, &error));
  EXPECT(PKS_NULL_POINTER, pks_registry_unbind_all(registry, 1, NULL, NULL, NULL, NULL, &error));
  EXPECT(PKS_NULL_POINTER, pks_registry_disconnect(registry, NULL, NULL, NULL, &error));
  EXPECT(PKS_NULL_POINTER, pks_registry_info(registry, NULL, &error));
  EXPECT(PKS_NULL_POINTER, pks_registry_verify(registry, NULL, NULL, NULL, NULL, &error));
  EXPECT(PKS_NULL_POINTER, pks_registry_replay(registry, NULL, &error));
  EXPECT(PKS_NULL_POINTER, pks_registry_backup(registry, "b", NULL, NULL, NULL, &error));
  EXPECT(PKS_NULL_POINTER, pks_vault_compact(vault, NULL, NULL, NULL, &error));
  EXPECT(PKS_NULL_POINTER, pks_vault_reset("v", NULL, NULL, NULL, &vault, NULL, &error));
  /* Without an error struct a call says the same. */
  CHECK(pks_vault_key(vault, NULL, &key, NULL) == PKS_NULL_POINTER);
}

static void handles(pks_vault vault, pks_storage storage, pks_registry registry) {
  pks_key key = {.size = sizeof key};
  pks_registration registration = {.size = sizeof registration};
  size_t n = 0;
  const uint64_t never[] = {0, 1, 42, UINT64_MAX, vault + 1, vault ^ (1ULL << 30), 5ULL << 56,
                            (uint64_t)(uintptr_t)&key};
  for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
    EXPECT(PKS_BAD_HANDLE, pks_vault_key(never[i], "x", &key, &error));
    EXPECT(PKS_BAD_HANDLE, pks_storage_count(never[i], &n, &error));
    EXPECT(PKS_BAD_HANDLE, pks_registry_resolve(never[i], "x", &registration, &error));
    EXPECT(PKS_BAD_HANDLE, pks_reply_read(never[i], NULL, 0, &n, &error));
    if (never[i] != 0) EXPECT(PKS_BAD_HANDLE, pks_close(never[i], &error));
  }
  EXPECT(PKS_OK, pks_close(0, &error));
  EXPECT(PKS_BAD_HANDLE, pks_vault_key(storage, "x", &key, &error));
  EXPECT(PKS_BAD_HANDLE, pks_storage_count(registry, &n, &error));
  EXPECT(PKS_BAD_HANDLE, pks_registry_resolve(vault, "x", &registration, &error));
  EXPECT(PKS_BAD_HANDLE, pks_vault_request(registry, "{}", 2, &storage, &error));

  /* A place is used again and again; no number comes twice, and old ones stay closed. */
  pks_storage last = 0, first = 0;
  for (int i = 0; i < 5000; i++) {
    pks_storage next = 0;
    EXPECT(PKS_OK, pks_storage_open(vault, origin, PKS_DEFAULT_QUOTA, &next, &error));
    CHECK(next != last && next != first);
    if (last != 0) EXPECT(PKS_CLOSED, pks_storage_count(last, &n, &error));
    EXPECT(PKS_OK, pks_close(next, &error));
    EXPECT(PKS_CLOSED, pks_close(next, &error));
    if (first == 0) first = next;
    last = next;
  }
  EXPECT(PKS_CLOSED, pks_storage_count(first, &n, &error));
}

static void too_many_handles(pks_vault vault) {
  enum { limit = 65536 };
  pks_storage *all = calloc(limit, sizeof *all);
  int count = 0;
  pks_status status = PKS_OK;
  while (count < limit && status == PKS_OK) {
    status = pks_storage_open(vault, origin, PKS_DEFAULT_QUOTA, &all[count], &error);
    if (status == PKS_OK) count++;
  }
  CHECK(status == PKS_TOO_MANY && count == limit - 3); /* a vault, a storage and a registry are open */
  for (int i = 0; i < count; i++) CHECK(pks_close(all[i], NULL) == PKS_OK);
  free(all);
}

static void lengths_and_texts(pks_vault vault, pks_storage storage) {
  pks_key key = {.size = sizeof key};
  uint8_t bytes[PKS_ASSERTION_SIZE];
  size_t n = 0;
  char *endless = malloc(5001);
  memset(endless, 'a', 5000);
  endless[5000] = 0;
  EXPECT(PKS_BAD_LENGTH, pks_vault_key(vault, endless, &key, &error));
  endless[256] = 0;
  EXPECT(PKS_MALFORMED, pks_vault_key(vault, endless, &key, &error));
  endless[255] = 0;
  EXPECT(PKS_NOT_FOUND, pks_vault_key(vault, endless, &key, &error));
  free(endless);
  EXPECT(PKS_MALFORMED, pks_vault_key(vault, "", &key, &error));
  EXPECT(PKS_MALFORMED, pks_vault_key(vault, "a\nb", &key, &error));
  EXPECT(PKS_NOT_UTF8, pks_vault_key(vault, "\x80", &key, &error));
  EXPECT(PKS_NOT_UTF8, pks_vault_key(vault, "\xED\xA0\x80", &key, &error));
  EXPECT(PKS_NOT_UTF8, pks_vault_place_key(vault, 1, "\xC0\x80", NULL, &key, &error));
  const size_t absurd[] = {4097, (size_t)1 << 40, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX};
  pks_assertion parsed = {.size = sizeof parsed};
  pks_reply reply = 0;
  for (size_t i = 0; i < 5; i++) {
    EXPECT(PKS_BAD_LENGTH, pks_vault_sign(vault, "x", challenge, absurd[i], bytes, 9, &n, &error));
    EXPECT(PKS_BAD_LENGTH, pks_assertion_parse(bytes, absurd[i], &parsed, &error));
    if (i == 0) continue;
    EXPECT(PKS_BAD_LENGTH, pks_storage_set(storage, "k", absurd[i], "v", 1, &error));
    EXPECT(PKS_BAD_LENGTH, pks_storage_set16(storage, (const uint16_t *)"kk", 1,
                                             (const uint16_t *)"vv", absurd[i], &error));
    EXPECT(PKS_BAD_LENGTH, pks_vault_request(vault, "{}", absurd[i], &reply, &error));
  }
  /* A capacity that is absurd is room enough. */
  EXPECT(PKS_NOT_FOUND, pks_storage_get(storage, "k", 1, (char *)bytes, SIZE_MAX, &n, &error));
}

static void structs(pks_vault vault) {
  pks_key key = {.size = 0};
  EXPECT(PKS_BAD_STRUCT, pks_vault_key(vault, "x", &key, &error));
  key.size = sizeof key - 1;
  EXPECT(PKS_BAD_STRUCT, pks_vault_key(vault, "x", &key, &error));
  key.size = UINT32_MAX;
  EXPECT(PKS_BAD_STRUCT, pks_vault_key(vault, "x", &key, &error));
  pks_unlock unlock = raw_unlock();
  unlock.size++;
  EXPECT(PKS_BAD_STRUCT, pks_vault_open("v", &unlock, NULL, &vault, &error));
  unlock.size--;
  const uint32_t methods[] = {0, 5, UINT32_MAX};
  for (int i = 0; i < 3; i++) {
    unlock.method = methods[i];
    EXPECT(PKS_BAD_VALUE, pks_vault_open("v", &unlock, NULL, &vault, &error));
  }
  pks_error small = {.size = 8};
  CHECK(pks_vault_key(vault, "x", &key, &small) == PKS_BAD_STRUCT && small.code == 0);

  /* A later header's struct is longer: it is filled as far as is known. */
  struct { pks_key key; uint64_t later; } longer;
  memset(&longer, 0xEE, sizeof longer);
  longer.key.size = sizeof longer;
  EXPECT(PKS_OK, pks_vault_place_key(vault, 1, "longer", NULL, &longer.key, &error));
  CHECK(longer.key.state == PKS_KEY_PENDING && longer.later == 0xEEEEEEEEEEEEEEEEULL);
  CHECK(longer.key.size == sizeof longer);
  EXPECT(PKS_BAD_VALUE, pks_vault_place_key(vault, 0, origin, NULL, &longer.key, &error));
  EXPECT(PKS_BAD_VALUE, pks_vault_place_key(vault, 5, origin, NULL, &longer.key, &error));

  /* Misaligned, as a careless binding may pack it. */
  char room[sizeof(pks_key) + 8];
  memset(room, 0, sizeof room);
  uint32_t size = sizeof(pks_key), state = 0;
  memcpy(room + 1, &size, 4);
  EXPECT(PKS_OK, pks_vault_current_key(vault, 1, "longer", (pks_key *)(void *)(room + 1), &error));
  memcpy(&state, room + 1 + 4, 4);
  CHECK(state == PKS_KEY_PENDING);
}

static void messages_keep_silent(pks_vault vault) {
  pks_key key = {.size = sizeof key};
  char phone[PKS_PHONE_SIZE];
  size_t n = 0;
  EXPECT(PKS_PHONE_NUMBER, pks_phone_normalise("2001004014999", phone, sizeof phone, &n, &error));
  CHECK(error.detail == PKS_PHONE_COUNTRY_CODE_MISSING && error.domain == PKS_DOMAIN_MODEL);
  CHECK(strstr(error.message, "2001") == NULL);
  EXPECT(PKS_MALFORMED, pks_vault_key(vault, "secret-id\x7F", &key, &error));
  CHECK(strstr(error.message, "secret") == NULL && strstr(error.message, "deviceId") != NULL);
  EXPECT(PKS_OK, pks_phone_normalise("2001004014", phone, sizeof phone, &n, &error));
  CHECK(n == 12 && strcmp(phone, "+12001004014") == 0);
  EXPECT(PKS_BUFFER_TOO_SMALL, pks_phone_normalise("2001004014", phone, 12, &n, &error));
  CHECK(n == 12);
}

/* A child of a fork touches nothing that the parent has open; the parent goes on. */
static void forked(pks_vault vault, pks_registry registry) {
  pks_key key = {.size = sizeof key};
  pks_registration registration = {.size = sizeof registration};
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    pks_unlock unlock = raw_unlock();
    int bad = pks_vault_key(vault, "x", &key, NULL) != PKS_FORKED;
    bad |= pks_registry_resolve(registry, "x", &registration, NULL) != PKS_FORKED;
    bad |= pks_close(vault, NULL) != PKS_FORKED;
    bad |= pks_vault_open("child.vault", &unlock, NULL, &vault, NULL) != PKS_FORKED;
    _exit(bad);
  }
  int status = -1;
  CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
  EXPECT(PKS_NOT_FOUND, pks_vault_key(vault, "x", &key, &error));
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  pks_unlock unlock = raw_unlock();
  pks_vault vault = 0;
  pks_storage storage = 0;
  pks_registry registry = 0;
  EXPECT(PKS_OK, pks_vault_open(in_folder(argv[1], "a.vault"), &unlock, NULL, &vault, &error));
  EXPECT(PKS_OK, pks_storage_open(vault, origin, PKS_DEFAULT_QUOTA, &storage, &error));
  PKS_DECLARE(pks_registry_options, options);
  char store[1024];
  snprintf(store, sizeof store, "sqlite:%s/r.sqlite", argv[1]);
  options.store = store;
  options.unlock = &unlock;
  options.tenant = "shop";
  options.build_config = PKS_US_UAT;
  options.mode = PKS_SHARED;
  EXPECT(PKS_OK, pks_registry_open(&options, &registry, &error));
  options.store = "postgresql://127.0.0.1:1/x";
  options.mode = PKS_EXCLUSIVE;
  EXPECT(PKS_BAD_VALUE, pks_registry_open(&options, &registry, &error));
  options.mode = PKS_SHARED;
  options.store = "/plain/path";
  EXPECT(PKS_BAD_VALUE, pks_registry_open(&options, &registry, &error));

  null_pointers(vault, storage, registry);
  handles(vault, storage, registry);
  too_many_handles(vault);
  lengths_and_texts(vault, storage);
  structs(vault);
  messages_keep_silent(vault);
  forked(vault, registry);
  EXPECT(PKS_OK, pks_close(storage, &error));
  EXPECT(PKS_OK, pks_close(registry, &error));
  EXPECT(PKS_OK, pks_close(vault, &error));
  return finish("attack");
}
