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

enum { kept = 16 };
static void *blocks[kept];
static int block_count;

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
  uint8_t *copy = malloc(wanted * width + 1);
  blocks[block_count++] = copy;
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

static pks_status one_call(feed *in, pks_error *error) {
  size_t a = 0, b = 0, out = 0;
  char *room = keep(64);
  size_t capacity = byte(in) % 65;
  switch (byte(in) % 33) {
  case 0: return pks_vault_key(handle(in, vault), text(in), STRUCT(pks_key), error);
  case 1: return pks_vault_current_key(handle(in, vault), byte(in) % 6, text(in), STRUCT(pks_key), error);
  case 2: return pks_vault_place_key(handle(in, vault), byte(in) % 6, text(in), text(in), STRUCT(pks_key), error);
  case 3: { const void *c = bytes(in, 1, &a);
    return pks_vault_offer(handle(in, vault), byte(in) % 6, text(in), c, a, STRUCT(pks_new_key), error); }
  case 4: return pks_vault_confirm_key(handle(in, vault), byte(in) % 6, text(in), text(in), STRUCT(pks_key), error);
  case 5: { const void *c = bytes(in, 1, &a);
    return pks_vault_sign(handle(in, vault), text(in), c, a, (uint8_t *)room, capacity, &out, error); }
  case 6: return pks_vault_remove_key(handle(in, vault), text(in), error);
  case 7: return pks_vault_keys(handle(in, vault), byte(in) % 6, text(in), STRUCT(pks_key), byte(in) % 2, &out, error);
  case 8: { const void *k = bytes(in, 2, &a);
    return pks_storage_get16(handle(in, storage), k, a, (uint16_t *)(void *)room, capacity / 2, &out, error); }
  case 9: { const void *k = bytes(in, 2, &a), *v = bytes(in, 2, &b);
    return pks_storage_set16(handle(in, storage), k, a, v, b, error); }
  case 10: { const void *k = bytes(in, 1, &a), *v = bytes(in, 1, &b);
    return pks_storage_set(handle(in, storage), k, a, v, b, error); }
  case 11: { const void *k = bytes(in, 1, &a);
    return pks_storage_get(handle(in, storage), k, a, room, capacity, &out, error); }
  case 12: return pks_storage_key(handle(in, storage), byte(in), room, capacity, &out, error);
  case 13: { const void *k = bytes(in, 1, &a); return pks_storage_remove(handle(in, storage), k, a, error); }
  case 14: { const void *e = bytes(in, 1, &a); return pks_assertion_parse(e, a, STRUCT(pks_assertion), error); }
  case 15: { const void *e = bytes(in, 1, &a), *k = bytes(in, 1, &b); size_t c; const void *h = bytes(in, 1, &c);
    return pks_assertion_verify(e, a, byte(in) % 4, k, b, h, c, error); }
  case 16: return pks_phone_normalise(text(in), room, capacity, &out, error);
  case 17: { const char *r = bytes(in, 1, &a); pks_reply reply = 0;
    pks_status s = pks_vault_request(handle(in, vault), r, a, &reply, error);
    if (s != PKS_OK) return s;
    s = pks_reply_read(reply, room, capacity, &out, error);
    if (pks_close(reply, NULL) != PKS_OK) abort();
    return s; }
  case 18: return pks_registry_challenge(handle(in, registry), (uint8_t *)room, capacity, &out, error);
  case 19: return pks_registry_resolve(handle(in, registry), text(in), STRUCT(pks_registration), error);
  case 20: return pks_registry_candidates(handle(in, registry), text(in), text(in), STRUCT(pks_registration), byte(in) % 2, &out, error);
  case 21: { pks_cursor *c = STRUCT(pks_cursor);
    if (c && byte(in)) { size_t n = in->left < sizeof c->text ? in->left : sizeof c->text; memcpy(c->text, in->at, n); }
    return pks_registry_export(handle(in, registry), byte(in) % 7, text(in), c, STRUCT(pks_registration), byte(in) % 2, &out, error); }
  case 22: { pks_request *r = STRUCT(pks_request);
    if (r) { r->channel = byte(in) % 5; r->rebind = byte(in) % 3; r->phone_number = text(in); r->visitor_id = text(in);
      r->visitor_confidence = byte(in) / 200.0; r->stored_device_id = text(in);
      r->assertion = bytes(in, 1, &r->assertion_length); r->challenge = bytes(in, 1, &r->challenge_length); }
    return pks_registry_decide(handle(in, registry), r, STRUCT(pks_decision), keep(PKS_TICKET_SIZE), PKS_TICKET_SIZE - byte(in) % 2, error); }
  case 23: { pks_new_key *k = STRUCT(pks_new_key);
    if (k) { k->algorithm = byte(in) % 4; k->public_key_length = byte(in); k->proof_length = byte(in) * 3u;
      size_t n = in->left < sizeof k->proof ? in->left : sizeof k->proof; memcpy(k->proof, in->at, n);
      memset(k->device_id, byte(in), byte(in) + 1u); }
    pks_possession *p = STRUCT(pks_possession);
    if (p) { p->passed = byte(in) % 3; p->phone_number = text(in); }
    const void *c = bytes(in, 1, &a);
    return pks_registry_complete(handle(in, registry), text(in), p, k, c, a, STRUCT(pks_registration), error); }
  case 24: return pks_registry_revoke(handle(in, registry), text(in), text(in), text(in), NULL, error);
  case 25: return pks_registry_events(handle(in, registry), text(in), byte(in), STRUCT(pks_event), byte(in) % 2, &out, error);
  case 26: return pks_registry_rename(handle(in, registry), text(in), text(in), text(in), STRUCT(pks_registration), error);
  case 27: { pks_new_key *k = STRUCT(pks_new_key);
    if (k) { k->algorithm = byte(in) % 4; k->public_key_length = byte(in); k->proof_length = byte(in) * 3u;
      memset(k->device_id, byte(in), byte(in) + 1u); }
    const void *c = bytes(in, 1, &a);
    return pks_registry_rekey(handle(in, registry), k, c, a, text(in), STRUCT(pks_registration), error); }
  case 28: { uint64_t n = 0;
    return pks_registry_unbind_all(handle(in, registry), byte(in) % 7, text(in), text(in), text(in), &n, error); }
  case 29: return pks_registry_info(handle(in, registry), STRUCT(pks_registry_facts), error);
  case 30: { pks_reply problems = 0;
    pks_status s = pks_registry_verify(handle(in, registry), NULL, NULL, STRUCT(pks_registry_report), &problems, error);
    if (s == PKS_OK && pks_close(problems, NULL) != PKS_OK) abort();
    return s; }
  case 31: return pks_registry_record_authentication(handle(in, registry), text(in), text(in), STRUCT(pks_registration), error);
  default: { pks_storage made = 0;
    pks_status s = pks_storage_open(handle(in, vault), text(in), (int64_t)byte(in) - 2, &made, error);
    if (s == PKS_OK) { if (pks_close(made, error) != PKS_OK) abort(); old_handle = made; }
    return s; }
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
  return 0;
}
