/* What is read out of a damaged vault: salvage FOLDER */
#include "check.h"

#include <sys/stat.h>

static pks_error error = {.size = sizeof(pks_error)};
static const char *origin = "https://shop.example";
enum { items = 60, value_length = 500 };

static char *read_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  CHECK(file != NULL);
  char *bytes = malloc(1 << 22);
  *length = file ? fread(bytes, 1, 1 << 22, file) : 0;
  if (file) fclose(file);
  return bytes;
}

static void write_file(const char *path, const char *bytes, size_t length) {
  FILE *file = fopen(path, "wb");
  CHECK(file != NULL && fwrite(bytes, 1, length, file) == length);
  if (file) fclose(file);
  CHECK(chmod(path, 0600) == 0);
}

static size_t count_items(pks_vault vault) {
  pks_storage storage = 0;
  size_t count = 0;
  EXPECT(PKS_OK, pks_storage_open(vault, origin, PKS_DEFAULT_QUOTA, &storage, &error));
  EXPECT(PKS_OK, pks_storage_count(storage, &count, &error));
  EXPECT(PKS_OK, pks_close(storage, &error));
  return count;
}

static void fill(pks_vault vault, char *device_id) {
  PKS_DECLARE(pks_key, key);
  pks_storage storage = 0;
  char name[16], value[value_length];
  memset(value, 'v', sizeof value);
  EXPECT(PKS_OK, pks_vault_place_key(vault, PKS_US_UAT, origin, NULL, &key, &error));
  strcpy(device_id, key.device_id);
  EXPECT(PKS_OK, pks_storage_open(vault, origin, PKS_DEFAULT_QUOTA, &storage, &error));
  for (int i = 0; i < items; i++) {
    int size = snprintf(name, sizeof name, "%d", i);
    EXPECT(PKS_OK, pks_storage_set(storage, name, (size_t)size, value, sizeof value, &error));
  }
  EXPECT(PKS_OK, pks_close(storage, &error));
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  pks_unlock unlock = raw_unlock();
  static const uint8_t next_key[32] = {8};
  pks_unlock next = raw_unlock();
  next.secret = next_key;
  PKS_DECLARE(pks_salvage, found);
  PKS_DECLARE(pks_key, key);
  char device_id[PKS_ID_SIZE];
  const char *path = in_folder(argv[1], "old.vault"), *target = in_folder(argv[1], "whole.vault");
  pks_vault vault = 0;
  pks_reply losses = 0;
  size_t length = 99, before_length = 0, after_length = 0;
  EXPECT(PKS_OK, pks_vault_open(path, &unlock, NULL, &vault, &error));
  fill(vault, device_id);
  EXPECT(PKS_IN_USE, pks_vault_salvage(path, &unlock, NULL, NULL, NULL, 0, &found, NULL, &error));
  EXPECT(PKS_OK, pks_close(vault, &error));
  EXPECT(PKS_WRONG_KEY, pks_vault_salvage(path, &next, NULL, NULL, NULL, 0, &found, NULL, &error));
  CHECK(found.records == 0);

  /* Of a sound vault everything, under another key. */
  EXPECT(PKS_OK, pks_vault_salvage(path, &unlock, target, &next, NULL, 0, &found, &losses, &error));
  CHECK(found.is_whole && found.keys == 1 && found.storage_items == items && found.loss_count == 0);
  CHECK(found.databases == 0 && found.records > items);
  EXPECT(PKS_OK, pks_reply_read(losses, NULL, 0, &length, &error));
  CHECK(length == 0);
  EXPECT(PKS_OK, pks_close(losses, &error));
  EXPECT(PKS_OK, pks_vault_open(target, &next, NULL, &vault, &error));
  EXPECT(PKS_OK, pks_vault_key(vault, device_id, &key, &error));
  CHECK(count_items(vault) == items);
  EXPECT(PKS_OK, pks_close(vault, &error));
  EXPECT(PKS_ALREADY_EXISTS,
         pks_vault_salvage(path, &unlock, target, NULL, NULL, 0, &found, NULL, &error));

  /* Of one in which every fifth page has decayed the rest; the damaged file stays as it is. */
  char *before = read_file(path, &before_length);
  for (size_t place = 8 * 4096 + 200; place < before_length; place += 5 * 4096)
    for (size_t i = 0; i < 64; i++) before[place + i] ^= 0x55;
  write_file(path, before, before_length);
  uint64_t whole = found.records;
  const char *origins[] = {origin, "https://other.example"};
  EXPECT(PKS_OK, pks_vault_salvage(path, &unlock, NULL, NULL, origins, 2, &found, &losses, &error));
  CHECK(!found.is_whole && found.loss_count > 0 && found.records < whole && found.records > 0);
  char *after = read_file(path, &after_length);
  CHECK(after_length == before_length && memcmp(before, after, after_length) == 0);
  free(before);
  free(after);
  char text[16384];
  EXPECT(PKS_OK, pks_reply_read(losses, text, sizeof text, &length, &error));
  EXPECT(PKS_OK, pks_close(losses, &error));
  uint64_t lines = 1;
  for (size_t i = 0; i < length; i++) lines += text[i] == '\n';
  CHECK(lines == found.loss_count && memmem(text, length, "record: notAuthentic (by ", 25) != NULL);
  target = in_folder(argv[1], "rest.vault");
  EXPECT(PKS_OK, pks_vault_salvage(path, &unlock, target, NULL, NULL, 0, &found, NULL, &error));
  EXPECT(PKS_OK, pks_vault_open(target, &unlock, NULL, &vault, &error));
  CHECK(count_items(vault) == found.storage_items && found.storage_items > 0);
  EXPECT(PKS_OK, pks_close(vault, &error));

  EXPECT(PKS_MISSING, pks_vault_salvage(in_folder(argv[1], "none"), &unlock, NULL, NULL, NULL, 0, &found, NULL,
                                        &error));
  EXPECT(PKS_NULL_POINTER,
         pks_vault_salvage(NULL, &unlock, NULL, NULL, NULL, 0, &found, NULL, &error));
  EXPECT(PKS_NULL_POINTER,
         pks_vault_salvage(path, NULL, NULL, NULL, NULL, 0, &found, NULL, &error));
  EXPECT(PKS_NULL_POINTER,
         pks_vault_salvage(path, &unlock, NULL, NULL, NULL, 0, NULL, NULL, &error));
  EXPECT(PKS_NULL_POINTER,
         pks_vault_salvage(path, &unlock, NULL, NULL, NULL, 1, &found, NULL, &error));
  EXPECT(PKS_BAD_LENGTH,
         pks_vault_salvage(path, &unlock, NULL, NULL, origins, 1001, &found, NULL, &error));
  return finish("salvage");
}
