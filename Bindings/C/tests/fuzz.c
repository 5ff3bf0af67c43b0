/*
 * Fuzzes the entry points: an input is a list of calls, each with handles, pointers, lengths and texts
 * out of the input. Nothing may crash, hang, or answer with a code that has no name.
 *
 * Buffers are of the exact size that the call is told, on the heap, so that the address sanitizer
 * sees a byte too many. Lengths are those of the buffers, or beyond every limit: a length in
 * between would be the caller's lie, which nothing can find out.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provekeystore.h"

static pks_vault vault;
static pks_storage storage;
static pks_registry registry;
static uint64_t old_handle;
static char folder[] = "/tmp/pks-fuzz-XXXXXX";
static const uint8_t secret[32] = {3};

typedef struct { const uint8_t *at; size_t left; } feed;

static uint8_t byte(feed *in) {
  if (in->left == 0) return 0;
  in->left--;
  return *in->at++;
}

static uint64_t handle(feed *in, uint64_t right) {
  switch (byte(in) % 8) {
  case 0: return 0;
  case 1: return old_handle;
  case 2: return vault;
  case 3: return registry;
  case 4: { uint64_t any = 0; for (int i = 0; i < 8; i++) any = any << 8 | byte(in); return any; }
  default: return right;
  }
}

enum { kept = 64 };
static void *blocks[kept];
static int block_count;

/* Memory until the end of the call; of the size that was asked for, so that a byte more is seen. */
static void *keep(size_t size) {
  if (block_count == kept) abort();
  return blocks[block_count++] = calloc(1, size ? size : 1);
}

/* Bytes of the input in a buffer of their own, or NULL; or a length that is absurd. */
static const void *bytes(feed *in, size_t width, size_t *count) {
  uint8_t shape = byte(in);
  size_t wanted = byte(in);
  if (shape == 0) { *count = wanted; return NULL; }
  if (shape == 1) { *count = SIZE_MAX - wanted; return keep(8); }
  if (wanted * width > in->left) wanted = in->left / width;
  uint8_t *copy = keep(wanted * width);
  memcpy(copy, in->at, wanted * width);
  in->at += wanted * width;
  in->left -= wanted * width;
  *count = wanted;
  return copy;
}

static const char *text(feed *in) {
  size_t count;
  const char *found = bytes(in, 1, &count);
  static const char *const usual[] = {"d", "https://shop.example", "2001004014", ""};
  if (found == NULL) return count < 128 ? NULL : usual[count % 4];
  if (count > 255) return usual[count % 4];
  char *copy = keep(count + 1);
  memcpy(copy, found, count);
  return copy;
}

/* A struct of zeros, or of the input's bytes; its size is right, wrong or absurd. */
static void *structure(feed *in, size_t size) {
  uint8_t shape = byte(in);
  if (shape == 0) return NULL;
  uint8_t *made = keep(size);
  uint32_t said = (uint32_t)size;
  if (shape == 1) said = byte(in) % (uint32_t)size;
  if (shape == 2) said = UINT32_MAX;
  memcpy(made, &said, 4);
  return made;
}

#define STRUCT(type) ((type *)structure(in, sizeof(type)))

/* A path in this fuzzer's own folder, or one that cannot be: never one of somebody's. */
static const char *a_path(feed *in) {
  static const char *const odd[] = {NULL, "", "/none/such", "\xFF", folder};
  static const char *const names[] = {"second", "third", "key"};
  uint8_t shape = byte(in) % 16;
  if (shape < 5) return odd[shape];
  char *path = keep(sizeof folder + 16);
  snprintf(path, sizeof folder + 16, "%s/%s", folder, names[shape % 3]);
  return path;
}

static int32_t wrap(void *context, const uint8_t *key, size_t key_length, const uint8_t *binding,
                    size_t binding_length, uint8_t *wrapped, size_t *wrapped_length) {
  (void)binding, (void)binding_length;
  if (*wrapped_length < key_length) abort();
  memcpy(wrapped, key, key_length);
  *wrapped_length = *(uint8_t *)context & 1 ? key_length : SIZE_MAX;
  return *(uint8_t *)context & 2 ? 0 : *(uint8_t *)context;
}

static int32_t unwrap(void *context, const uint8_t *wrapped, size_t wrapped_length,
                      const uint8_t *binding, size_t binding_length, uint8_t *key,
                      size_t key_length) {
  (void)binding, (void)binding_length;
  if (wrapped_length == key_length) memcpy(key, wrapped, key_length);
  return *(uint8_t *)context & 2 ? 0 : *(uint8_t *)context;
}

static int32_t progress(void *context, uint64_t done, uint64_t total) {
  (void)total;
  return done > *(uint8_t *)context;
}

static const pks_keyring *a_keyring(feed *in) {
  pks_keyring *keyring = STRUCT(pks_keyring);
  if (keyring) {
    keyring->kind = byte(in) % 5;
    keyring->description = text(in);
  }
  return keyring;
}

static const pks_unlock *an_unlock(feed *in) {
  static const char *const arguments[4][2] = {{"/bin/false"}, {"/bin/cat"}, {"cat"}, {NULL}};
  pks_unlock *unlock = STRUCT(pks_unlock);
  if (unlock == NULL) return NULL;
  unlock->method = byte(in) % 9;
  /* Argon2id takes a tenth of a second. */
  if (unlock->method == PKS_METHOD_PASSPHRASE && byte(in) % 32) unlock->method = PKS_METHOD_RAW_KEY;
  if (byte(in) % 4) {
    unlock->secret = secret;
    unlock->secret_length = 32;
  } else {
    unlock->secret = bytes(in, 1, &unlock->secret_length);
  }
  unlock->path = a_path(in);
  unlock->entangled_folder = byte(in) % 4 ? NULL : a_path(in);
  unlock->keyring = a_keyring(in);
  pks_provider *provider = STRUCT(pks_provider);
  if (provider) {
    provider->name = text(in);
    provider->context = keep(1);
    *(uint8_t *)provider->context = byte(in);
    provider->wrap = byte(in) ? wrap : NULL;
    provider->unwrap = unwrap;
  }
  unlock->provider = provider;
  pks_program *program = STRUCT(pks_program);
  if (program) {
    const char **environment = keep(2 * sizeof *environment);
    environment[0] = text(in);
    program->time_limit_milliseconds = byte(in);
    program->name = text(in);
    program->arguments = byte(in) ? arguments[byte(in) % 4] : NULL;
    program->environment = byte(in) ? environment : NULL;
  }
  unlock->program = program;
  return unlock;
}

static pks_new_key *a_new_key(feed *in) {
  pks_new_key *key = STRUCT(pks_new_key);
  if (key == NULL) return NULL;
  key->algorithm = byte(in) % 4;
  key->public_key_length = byte(in);
  key->proof_length = byte(in) * 3u;
  size_t count = in->left < sizeof key->proof ? in->left : sizeof key->proof;
  memcpy(key->proof, in->at, count);
  memset(key->device_id, byte(in), byte(in) + 1u);
  return key;
}

/* Closes what a call has made, and remembers its number. */
static pks_status closing(pks_status status, uint64_t made) {
  if (status != PKS_OK) return status;
  if (pks_close(made, NULL) != PKS_OK) abort();
  old_handle = made;
  return status;
}

/* The same for a reply, which is read before. */
static pks_status reading(feed *in, pks_status status, pks_reply reply, pks_error *error) {
  size_t length = 0, capacity = byte(in) % 65;
  if (status != PKS_OK) return status;
  status = pks_reply_read(reply, keep(64), capacity, &length, error);
  if (status != PKS_OK && status != PKS_BUFFER_TOO_SMALL) abort();
  return closing(PKS_OK, reply);
}

static pks_status of_a_vault(feed *in, pks_error *error) {
  size_t a = 0, out = 0, capacity = byte(in) % 65;
  void *room = keep(64);
  pks_reply reply = 0;
  switch (byte(in) % 13) {
  case 0: return pks_vault_key(handle(in, vault), text(in), STRUCT(pks_key), error);
  case 1: return pks_vault_current_key(handle(in, vault), byte(in) % 6, text(in), STRUCT(pks_key), error);
  case 2: return pks_vault_place_key(handle(in, vault), byte(in) % 6, text(in), text(in), STRUCT(pks_key), error);
  case 3: { const void *c = bytes(in, 1, &a);
    return pks_vault_offer(handle(in, vault), byte(in) % 6, text(in), c, a, STRUCT(pks_new_key), error); }
  case 4: return pks_vault_confirm_key(handle(in, vault), byte(in) % 6, text(in), text(in), STRUCT(pks_key), error);
  case 5: { const void *c = bytes(in, 1, &a);
    return pks_vault_sign(handle(in, vault), text(in), c, a, room, capacity, &out, error); }
  case 6: return pks_vault_remove_key(handle(in, vault), text(in), error);
  case 7: return pks_vault_keys(handle(in, vault), byte(in) % 6, text(in), STRUCT(pks_key), byte(in) % 2, &out, error);
  case 8: return pks_vault_discard_pending_key(handle(in, vault), byte(in) % 6, text(in), error);
  case 9: return pks_vault_info(handle(in, vault), STRUCT(pks_vault_facts), error);
  case 10: return pks_reply_read(handle(in, vault), room, capacity, &out, error);
  case 11: { uint64_t other = handle(in, 0);
    return other == vault || other == storage || other == registry ? PKS_OK : pks_close(other, error); }
  default: { const char *r = bytes(in, 1, &a);
    pks_status status = pks_vault_request(handle(in, vault), r, a, &reply, error);
    return reading(in, status, reply, error); }
  }
}

static pks_status of_a_storage(feed *in, pks_error *error) {
  size_t a = 0, b = 0, out = 0, capacity = byte(in) % 65;
  void *room = keep(64);
  pks_storage made = 0;
  switch (byte(in) % 11) {
  case 0: { const void *k = bytes(in, 2, &a);
    return pks_storage_get16(handle(in, storage), k, a, room, capacity / 2, &out, error); }
  case 1: { const void *k = bytes(in, 2, &a), *v = bytes(in, 2, &b);
    return pks_storage_set16(handle(in, storage), k, a, v, b, error); }
  case 2: { const void *k = bytes(in, 1, &a), *v = bytes(in, 1, &b);
    return pks_storage_set(handle(in, storage), k, a, v, b, error); }
  case 3: { const void *k = bytes(in, 1, &a);
    return pks_storage_get(handle(in, storage), k, a, room, capacity, &out, error); }
  case 4: return pks_storage_key(handle(in, storage), byte(in), room, capacity, &out, error);
  case 5: { const void *k = bytes(in, 1, &a); return pks_storage_remove(handle(in, storage), k, a, error); }
  case 6: { const void *k = bytes(in, 2, &a); return pks_storage_remove16(handle(in, storage), k, a, error); }
  case 7: return pks_storage_key16(handle(in, storage), byte(in), room, capacity / 2, &out, error);
  case 8: return pks_storage_count(handle(in, storage), byte(in) ? &out : NULL, error);
  case 9: return pks_storage_clear(handle(in, storage), error);
  default: { pks_status status = pks_storage_open(handle(in, vault), text(in), (int64_t)byte(in) - 2, &made, error);
    return closing(status, made); }
  }
}

static pks_status of_values(feed *in, pks_error *error) {
  size_t a = 0, b = 0, c = 0, out = 0, capacity = byte(in) % 65;
  switch (byte(in) % 4) {
  case 0: { const void *e = bytes(in, 1, &a); return pks_assertion_parse(e, a, STRUCT(pks_assertion), error); }
  case 1: { const void *e = bytes(in, 1, &a), *k = bytes(in, 1, &b), *h = bytes(in, 1, &c);
    return pks_assertion_verify(e, a, byte(in) % 4, k, b, h, c, error); }
  case 2: return pks_phone_normalise(text(in), keep(64), capacity, &out, error);
  default: return pks_policy_default(STRUCT(pks_policy), error);
  }
}

static pks_status of_reading(feed *in, pks_error *error) {
  size_t a = 0, out = 0, capacity = byte(in) % 65;
  pks_reply reply = 0;
  switch (byte(in) % 9) {
  case 0: return pks_registry_challenge(handle(in, registry), keep(64), capacity, &out, error);
  case 1: return pks_registry_resolve(handle(in, registry), text(in), STRUCT(pks_registration), error);
  case 2: return pks_registry_candidates(handle(in, registry), text(in), text(in), STRUCT(pks_registration), byte(in) % 2, &out, error);
  case 3: { pks_cursor *c = STRUCT(pks_cursor);
    if (c && byte(in)) { size_t n = in->left < sizeof c->text ? in->left : sizeof c->text; memcpy(c->text, in->at, n); }
    return pks_registry_export(handle(in, registry), byte(in) % 7, text(in), c, STRUCT(pks_registration), byte(in) % 2, &out, error); }
  case 4: return pks_registry_events(handle(in, registry), text(in), byte(in), STRUCT(pks_event), byte(in) % 2, &out, error);
  case 5: { pks_export_cursor *c = STRUCT(pks_export_cursor);
    if (c && byte(in)) memset(c->device_id, byte(in), byte(in) + 1u);
    pks_status status = pks_registry_export_lines(handle(in, registry), c, byte(in) ? &reply : NULL, error);
    return reading(in, status, reply, error); }
  case 6: { const char *l = bytes(in, 1, &a);
    pks_status status = pks_registry_import_lines(handle(in, registry), l, a, text(in), STRUCT(pks_import), &reply, error);
    return reading(in, status, reply, error); }
  case 7: { const char *ids[2]; ids[0] = text(in); ids[1] = text(in);
    return pks_registry_resolve_many(handle(in, registry), byte(in) ? ids : NULL, byte(in) % 2, STRUCT(pks_registration), error); }
  default: return pks_registry_info(handle(in, registry), STRUCT(pks_registry_facts), error);
  }
}

static pks_status of_deciding(feed *in, pks_error *error) {
  size_t a = 0;
  switch (byte(in) % 4) {
  case 0: { pks_request *r = STRUCT(pks_request);
    if (r) { r->channel = byte(in) % 5; r->rebind = byte(in) % 3; r->phone_number = text(in); r->visitor_id = text(in);
      r->visitor_confidence = byte(in) / 200.0; r->stored_device_id = text(in);
      r->assertion = bytes(in, 1, &r->assertion_length); r->challenge = bytes(in, 1, &r->challenge_length); }
    return pks_registry_decide(handle(in, registry), r, STRUCT(pks_decision), keep(PKS_TICKET_SIZE), PKS_TICKET_SIZE - byte(in) % 2, error); }
  case 1: { const pks_new_key *k = a_new_key(in);
    pks_possession *p = STRUCT(pks_possession);
    if (p) { p->passed = byte(in) % 3; p->phone_number = text(in); }
    const void *c = bytes(in, 1, &a);
    return pks_registry_complete(handle(in, registry), text(in), p, k, c, a, STRUCT(pks_registration), error); }
  case 2: { const void *c = bytes(in, 1, &a);
    return pks_registry_place_early(handle(in, registry), text(in), a_new_key(in), c, a, STRUCT(pks_registration),
                                    keep(PKS_TICKET_SIZE), PKS_TICKET_SIZE - byte(in) % 2, error); }
  default: return pks_registry_withdraw(handle(in, registry), text(in), error);
  }
}

static pks_status of_changing(feed *in, pks_error *error) {
  size_t a = 0;
  uint64_t n = 0;
  switch (byte(in) % 15) {
  case 0: return pks_registry_revoke(handle(in, registry), text(in), text(in), text(in), NULL, error);
  case 1: return pks_registry_rename(handle(in, registry), text(in), text(in), text(in), STRUCT(pks_registration), error);
  case 2: { const void *c = bytes(in, 1, &a);
    return pks_registry_rekey(handle(in, registry), a_new_key(in), c, a, text(in), STRUCT(pks_registration), error); }
  case 3: return pks_registry_unbind_all(handle(in, registry), byte(in) % 7, text(in), text(in), text(in), &n, error);
  case 4: return pks_registry_record_authentication(handle(in, registry), text(in), text(in), STRUCT(pks_registration), error);
  case 5: return pks_registry_disconnect(handle(in, registry), text(in), text(in), byte(in) ? &n : NULL, error);
  case 6: return pks_registry_bind(handle(in, registry), text(in), text(in), text(in), text(in), STRUCT(pks_registration), error);
  case 7: return pks_registry_rebind(handle(in, registry), text(in), text(in), text(in), text(in), STRUCT(pks_registration), error);
  case 8: return pks_registry_unbind(handle(in, registry), text(in), text(in), text(in), STRUCT(pks_registration), error);
  case 9: return pks_registry_suspend(handle(in, registry), text(in), text(in), text(in), STRUCT(pks_registration), error);
  case 10: return pks_registry_resume(handle(in, registry), text(in), text(in), text(in), STRUCT(pks_registration), error);
  case 11: return pks_registry_erase(handle(in, registry), byte(in) % 7, text(in), text(in), STRUCT(pks_erasure), error);
  case 12: return pks_registry_sweep(handle(in, registry), byte(in), STRUCT(pks_sweep), error);
  case 13: return pks_registry_replay(handle(in, registry), STRUCT(pks_replay), error);
  default: { pks_placing *p = STRUCT(pks_placing);
    if (p) { p->device_kind = byte(in) % 4; p->new_key = a_new_key(in); p->challenge = bytes(in, 1, &p->challenge_length);
      p->device_name = text(in); p->visitor_id = text(in); p->client_customer_id = text(in); p->client_human_id = text(in); }
    return pks_registry_place(handle(in, registry), p, text(in), STRUCT(pks_registration), error); }
  }
}

/* What touches files; the rest of a life of a vault is that of one that is opened here. */
static pks_status of_files(feed *in, pks_error *error) {
  uint8_t *stop = keep(1);
  *stop = byte(in);
  pks_progress told = byte(in) ? progress : NULL;
  pks_vault made = 0;
  pks_reply reply = 0;
  uint64_t n = 0;
  switch (byte(in) % 15) {
  case 0: { pks_vault_options *o = STRUCT(pks_vault_options);
    if (o) { o->access = byte(in) % 4; o->mode = byte(in) % 3; o->anchor_path = byte(in) % 4 ? NULL : a_path(in); }
    pks_status status = pks_vault_open(a_path(in), an_unlock(in), o, &made, error);
    if (status == PKS_OK && byte(in) % 2) pks_vault_destroy(made, STRUCT(pks_destruction), error);
    return closing(status, made); }
  case 1: { pks_status status = pks_vault_reset(a_path(in), an_unlock(in), an_unlock(in), NULL, &made, byte(in) ? &n : NULL, error);
    return closing(status, made); }
  case 2: { const char *origins[2]; origins[0] = text(in); origins[1] = text(in);
    const char *path = a_path(in), *target = a_path(in);
    pks_status status = pks_vault_salvage(path, an_unlock(in), target, an_unlock(in), byte(in) ? origins : NULL,
                                          byte(in) ? byte(in) % 3 : SIZE_MAX, STRUCT(pks_salvage), &reply, error);
    return reading(in, status, reply, error); }
  case 3: return pks_vault_backup(handle(in, vault), a_path(in), told, stop, STRUCT(pks_backup), error);
  case 4: return pks_vault_compact(handle(in, vault), told, stop, STRUCT(pks_compaction), error);
  case 5: return pks_vault_rotate(handle(in, vault), told, stop, STRUCT(pks_rotation), error);
  case 6: return pks_vault_verify(handle(in, vault), STRUCT(pks_vault_report), error);
  case 7: return pks_vault_rewrap(handle(in, vault), an_unlock(in), error);
  case 8: { pks_registry_options *o = STRUCT(pks_registry_options);
    if (o) { char *store = keep(64); const char *path = a_path(in);
      snprintf(store, 64, "%s%s", byte(in) ? "sqlite:" : "x:", path ? path : "");
      o->store = byte(in) ? store : NULL; o->access = byte(in) % 4; o->mode = byte(in) % 3; o->unlock = an_unlock(in);
      o->tenant = text(in); o->build_config = byte(in) % 6; pks_policy *policy = STRUCT(pks_policy);
      if (policy && byte(in) && pks_policy_default(policy, NULL) == PKS_OK) policy->inactivity_months = byte(in);
      o->policy = policy; }
    pks_status status = pks_registry_open(o, &made, error);
    return closing(status, made); }
  case 9: return pks_registry_backup(handle(in, registry), a_path(in), told, stop, STRUCT(pks_registry_copy), error);
  case 10: { pks_status status = pks_registry_verify(handle(in, registry), told, stop, STRUCT(pks_registry_report), &reply, error);
    return reading(in, status, reply, error); }
  case 11: return pks_key_file_create(a_path(in), error);
  case 12: { size_t length = 0; const void *key = bytes(in, 1, &length);
    /* Of a wrong length, so that no key is left in somebody's keyring. */
    return pks_keyring_create(a_keyring(in), key, length == 32 || (key == NULL && length == 0) ? 31 : length, error); }
  case 13: { pks_keyring *keyring = (pks_keyring *)a_keyring(in);
    if (keyring) keyring->kind = 0; /* nor taken out of it */
    return pks_keyring_remove(keyring, error); }
  default: { uint64_t other = handle(in, 0);
    return other == vault ? PKS_OK : pks_vault_destroy(other, STRUCT(pks_destruction), error); }
  }
}

static pks_status one_call(feed *in, pks_error *error) {
  switch (byte(in) % 16) {
  case 0: return of_files(in, error);
  case 1: case 2: case 3: return of_a_vault(in, error);
  case 4: case 5: case 6: return of_a_storage(in, error);
  case 7: return of_values(in, error);
  case 8: case 9: case 10: return of_reading(in, error);
  case 11: case 12: return of_deciding(in, error);
  default: return of_changing(in, error);
  }
}

/* So that what makes files does not find them there every time. */
static void remove_files(void) {
  static const char *const names[] = {"second", "second-wal", "second-shm", "third", "third-wal", "third-shm", "key"};
  char path[64];
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    snprintf(path, sizeof path, "%s/%s", folder, names[i]);
    unlink(path);
  }
}

static void clean_up(void) {
  char command[64];
  pks_close(vault, NULL);
  pks_close(registry, NULL);
  snprintf(command, sizeof command, "rm -rf %s", folder);
  if (system(command) != 0) abort();
}

static void set_up(void) {
  char path[128];
  pks_unlock unlock = {.size = sizeof unlock, .method = PKS_METHOD_RAW_KEY, .secret = secret, .secret_length = 32};
  if (mkdtemp(folder) == NULL) abort();
  atexit(clean_up);
  snprintf(path, sizeof path, "%s/v", folder);
  if (pks_vault_open(path, &unlock, NULL, &vault, NULL) != PKS_OK) abort();
  if (pks_storage_open(vault, "o", 4096, &storage, NULL) != PKS_OK) abort();
  snprintf(path, sizeof path, "sqlite:%s/r", folder);
  pks_registry_options options = {.size = sizeof options, .store = path, .unlock = &unlock,
                                  .tenant = "t", .build_config = PKS_US_UAT, .mode = PKS_SHARED};
  if (pks_registry_open(&options, &registry, NULL) != PKS_OK) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, set_up);
  feed in = {data, size};
  for (int calls = 0; in.left > 0 && calls < 20; calls++) {
    pks_error error = {.size = sizeof error};
    pks_status status = one_call(&in, byte(&in) ? &error : NULL);
    if (strcmp(pks_status_name(status), "UNKNOWN") == 0 || status == PKS_INTERNAL) abort();
    if (memchr(error.message, 0, sizeof error.message) == NULL) abort();
    while (block_count > 0) free(blocks[--block_count]);
  }
  if (size % 2) remove_files();
  /* Whatever was asked for, what is open goes on. */
  pks_vault_facts facts = {.size = sizeof facts};
  pks_registration none = {.size = sizeof none};
  size_t count = 0;
  if (pks_vault_info(vault, &facts, NULL) != PKS_OK) abort();
  if (pks_storage_count(storage, &count, NULL) != PKS_OK) abort();
  if (pks_registry_resolve(registry, "nobody", &none, NULL) != PKS_NOT_FOUND) abort();
  return 0;
}
