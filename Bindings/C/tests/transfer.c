/* Registrations as lines, out of one registry and into another: transfer FOLDER */
#include "check.h"

static pks_error error = {.size = sizeof(pks_error)};
enum { copies = 1500, room = 1 << 22 };

static pks_registry open_registry(const char *folder, const char *name) {
  pks_unlock unlock = raw_unlock();
  PKS_DECLARE(pks_registry_options, options);
  char store[1024];
  snprintf(store, sizeof store, "sqlite:%s/%s.sqlite", folder, name);
  options.store = store;
  options.unlock = &unlock;
  options.tenant = "shop";
  options.build_config = PKS_US_UAT;
  options.mode = PKS_SHARED;
  pks_registry registry = 0;
  EXPECT(PKS_OK, pks_registry_open(&options, &registry, &error));
  return registry;
}

static void place(pks_registry registry, const char *folder, char *device_id) {
  pks_unlock unlock = raw_unlock();
  pks_vault vault = 0;
  PKS_DECLARE(pks_key, key);
  PKS_DECLARE(pks_new_key, offered);
  PKS_DECLARE(pks_placing, placing);
  uint8_t challenge[PKS_CHALLENGE_SIZE];
  size_t length = 0;
  EXPECT(PKS_OK, pks_vault_open(in_folder(folder, "d.vault"), &unlock, NULL, &vault, &error));
  EXPECT(PKS_OK, pks_vault_place_key(vault, PKS_US_UAT, "o", NULL, &key, &error));
  EXPECT(PKS_OK, pks_registry_challenge(registry, challenge, sizeof challenge, &length, &error));
  EXPECT(PKS_OK, pks_vault_offer(vault, PKS_US_UAT, "o", challenge, length, &offered, &error));
  placing.device_kind = PKS_DEVICE_WEB;
  placing.new_key = &offered;
  placing.challenge = challenge;
  placing.challenge_length = length;
  placing.client_customer_id = "customer-7";
  EXPECT(PKS_OK, pks_registry_place(registry, &placing, NULL, NULL, &error));
  EXPECT(PKS_OK, pks_registry_bind(registry, key.device_id, "2001004014", "p", NULL, NULL, &error));
  EXPECT(PKS_OK, pks_close(vault, &error));
  strcpy(device_id, key.device_id);
}

/* Reads a whole export, and says how many pages there were. */
static size_t export_all(pks_registry registry, char *text, size_t *length) {
  PKS_DECLARE(pks_export_cursor, cursor);
  size_t pages = 0;
  *length = 0;
  while (!cursor.is_at_end && pages < 100) {
    pks_reply reply = 0;
    size_t count = 0;
    EXPECT(PKS_OK, pks_registry_export_lines(registry, &cursor, &reply, &error));
    EXPECT(PKS_OK, pks_reply_read(reply, text + *length, room - *length, &count, &error));
    EXPECT(PKS_OK, pks_close(reply, &error));
    CHECK((count == 0) == (cursor.is_at_end == 1));
    CHECK(count == 0 || text[*length + count - 1] == '\n');
    *length += count;
    pages += count > 0;
  }
  return pages;
}

static size_t count_lines(const char *text, size_t length) {
  size_t lines = 0;
  for (size_t i = 0; i < length; i++) lines += text[i] == '\n';
  return lines;
}

/* The same registration under other ids, a line each. */
static size_t multiply(const char *line, size_t length, const char *device_id, char *text) {
  size_t made = 0, prefix = 0, id_length = strlen(device_id);
  while (prefix + id_length < length && memcmp(line + prefix, device_id, id_length) != 0) prefix++;
  CHECK(prefix + id_length < length);
  for (int i = 0; i < copies; i++) {
    memcpy(text + made, line, prefix);
    made += prefix;
    made += (size_t)sprintf(text + made, "copy-%04d", i);
    size_t rest = length - prefix - id_length;
    memcpy(text + made, line + prefix + id_length, rest);
    made += rest;
  }
  return made;
}

static void expect_report(const pks_import *report, uint64_t lines, uint64_t imported,
                          uint64_t identical, uint64_t refused) {
  CHECK(report->lines == lines && report->imported == imported);
  CHECK(report->identical == identical && report->refused == refused);
}

/* What is no registration is told by its number, and the lines around it are taken. */
static void refusals(pks_registry registry, const char *line, size_t length) {
  static char text[100000], told[4096];
  size_t made = 0, count = 0;
  PKS_DECLARE(pks_import, report);
  pks_reply refused = 0;
  memcpy(text, line, length);
  made = length;
  made += (size_t)sprintf(text + made, "{\"format\":1}\n\n");
  memset(text + made, 'x', PKS_IMPORT_LINE_SIZE + 1);
  made += PKS_IMPORT_LINE_SIZE + 1;
  text[made++] = '\n';
  memcpy(text + made, line, length - 1); /* the last line has no end */
  made += length - 1;
  EXPECT(PKS_OK, pks_registry_import_lines(registry, text, made, "mover", &report, &refused, &error));
  expect_report(&report, 5, 0, 2, 3);
  EXPECT(PKS_OK, pks_reply_read(refused, told, sizeof told, &count, &error));
  CHECK(strncmp(told, "2: ", 3) == 0 && strstr(told, "\n3: ") && strstr(told, "\n4: "));
  CHECK(count > 0 && told[count - 1] != '\n' && memchr(told, 'x', 3) == NULL);
  EXPECT(PKS_OK, pks_close(refused, &error));
  /* Another registration of the same id is refused, and nothing of it is told. */
  memcpy(text, line, length);
  char *number = memmem(text, length, "+12001004014", 12);
  CHECK(number != NULL);
  if (number) number[11] = '5';
  EXPECT(PKS_OK, pks_registry_import_lines(registry, text, length, NULL, &report, &refused, &error));
  expect_report(&report, 1, 0, 0, 1);
  EXPECT(PKS_OK, pks_reply_read(refused, told, sizeof told, &count, &error));
  CHECK(strncmp(told, "1: another registration", 23) == 0);
  EXPECT(PKS_OK, pks_close(refused, &error));
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  static char text[room], all[room];
  char device_id[PKS_ID_SIZE];
  size_t length = 0;
  pks_registry from = open_registry(argv[1], "from"), to = open_registry(argv[1], "to");
  CHECK(export_all(from, text, &length) == 0 && length == 0);
  place(from, argv[1], device_id);
  CHECK(export_all(from, text, &length) == 1 && count_lines(text, length) == 1);
  size_t line_length = length;

  PKS_DECLARE(pks_import, report);
  PKS_DECLARE(pks_registration, old);
  PKS_DECLARE(pks_registration, new);
  EXPECT(PKS_OK, pks_registry_import_lines(to, text, length, NULL, &report, NULL, &error));
  expect_report(&report, 1, 1, 0, 0);
  EXPECT(PKS_OK, pks_registry_import_lines(to, text, length, NULL, &report, NULL, &error));
  expect_report(&report, 1, 0, 1, 0);
  EXPECT(PKS_OK, pks_registry_resolve(from, device_id, &old, &error));
  EXPECT(PKS_OK, pks_registry_resolve(to, device_id, &new, &error));
  CHECK(memcmp(&old, &new, sizeof old) == 0);
  pks_event event = {.size = sizeof event};
  size_t count = 0;
  EXPECT(PKS_OK, pks_registry_events(to, device_id, 0, &event, 1, &count, &error));
  CHECK(count == 1 && strcmp(event.kind, "imported") == 0 && strcmp(event.actor, "import") == 0);
  refusals(to, text, length);

  /* An export of several pages has each once. */
  size_t made = multiply(text, length, device_id, all);
  EXPECT(PKS_OK, pks_registry_import_lines(to, all, made, NULL, &report, NULL, &error));
  expect_report(&report, copies, copies, 0, 0);
  CHECK(export_all(to, all, &length) >= 2 && count_lines(all, length) == copies + 1);
  int seen = 0;
  for (int i = 0; i < copies; i++) {
    char id[16];
    snprintf(id, sizeof id, "\"copy-%04d\"", i);
    seen += memmem(all, length, id, strlen(id)) != NULL;
  }
  CHECK(seen == copies);

  EXPECT(PKS_OK, pks_registry_import_lines(to, NULL, 0, NULL, &report, NULL, &error));
  expect_report(&report, 0, 0, 0, 0);
  EXPECT(PKS_NULL_POINTER, pks_registry_import_lines(to, NULL, 1, NULL, &report, NULL, &error));
  EXPECT(PKS_NULL_POINTER, pks_registry_import_lines(to, "x", 1, NULL, NULL, NULL, &error));
  EXPECT(PKS_BAD_LENGTH, pks_registry_import_lines(to, "x", 33554433, NULL, &report, NULL, &error));
  EXPECT(PKS_NOT_UTF8, pks_registry_import_lines(to, "x", 1, "\xFF", &report, NULL, &error));
  char actor[257];
  memset(actor, 'a', 256);
  actor[256] = 0; /* an event could not be read again that kept it */
  pks_registry empty = open_registry(argv[1], "empty");
  EXPECT(PKS_MALFORMED,
         pks_registry_import_lines(empty, text, line_length, actor, &report, NULL, &error));
  EXPECT(PKS_NOT_FOUND, pks_registry_resolve(empty, device_id, &new, &error));
  actor[255] = 0;
  EXPECT(PKS_OK, pks_registry_import_lines(empty, text, line_length, actor, &report, NULL, &error));
  EXPECT(PKS_OK, pks_registry_events(empty, device_id, 0, &event, 1, &count, &error));
  CHECK(count == 1 && strcmp(event.actor, actor) == 0);
  EXPECT(PKS_OK, pks_close(empty, &error));
  PKS_DECLARE(pks_export_cursor, cursor);
  pks_reply reply = 77;
  EXPECT(PKS_NULL_POINTER, pks_registry_export_lines(to, NULL, &reply, &error));
  EXPECT(PKS_NULL_POINTER, pks_registry_export_lines(to, &cursor, NULL, &error));
  strcpy(cursor.device_id, "a\nb");
  EXPECT(PKS_MALFORMED, pks_registry_export_lines(to, &cursor, &reply, &error));
  memset(cursor.device_id, 'a', sizeof cursor.device_id);
  EXPECT(PKS_BAD_LENGTH, pks_registry_export_lines(to, &cursor, &reply, &error));
  strcpy(cursor.device_id, "");
  EXPECT(PKS_BAD_HANDLE, pks_registry_export_lines(0, &cursor, &reply, &error));
  CHECK(reply == 77);
  EXPECT(PKS_OK, pks_close(from, &error));
  EXPECT(PKS_CLOSED, pks_registry_export_lines(from, &cursor, &reply, &error));
  EXPECT(PKS_CLOSED, pks_registry_import_lines(from, "x", 1, NULL, &report, NULL, &error));
  EXPECT(PKS_OK, pks_close(to, &error));
  return finish("transfer");
}
