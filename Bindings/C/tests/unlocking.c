/* Each unlock method, a provider in callbacks among them, and the anchor: unlocking FOLDER */
#include "check.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static pks_error error = {.size = sizeof(pks_error)};
static const char *folder;

/* A key store that xors: what matters here is how it is called. */
struct key_store {
  uint8_t mask;
  int answer, wraps, unwraps, short_key;
  pks_vault at_work; /* 0, or the vault that is being locked anew: a callback may use it */
};

static int32_t wrap(void *context, const uint8_t *key, size_t key_length, const uint8_t *binding,
                    size_t binding_length, uint8_t *wrapped, size_t *wrapped_length) {
  struct key_store *store = context;
  PKS_DECLARE(pks_vault_facts, facts);
  store->wraps++;
  if (store->at_work && pks_vault_info(store->at_work, &facts, NULL) != PKS_OK)
    return PKS_PROVIDER_ERROR;
  if (store->answer != PKS_PROVIDER_OK) return store->answer;
  if (key_length != 32 || binding_length != 17 || *wrapped_length < 49) return PKS_PROVIDER_ERROR;
  for (size_t i = 0; i < 32; i++) wrapped[i] = key[i] ^ store->mask;
  memcpy(wrapped + 32, binding, 17);
  *wrapped_length = store->short_key ? 0 : 49;
  return PKS_PROVIDER_OK;
}

static int32_t unwrap(void *context, const uint8_t *wrapped, size_t wrapped_length,
                      const uint8_t *binding, size_t binding_length, uint8_t *key,
                      size_t key_length) {
  struct key_store *store = context;
  store->unwraps++;
  if (store->answer != PKS_PROVIDER_OK) return store->answer;
  if (wrapped_length != 49 || binding_length != 17 || key_length != 32) return PKS_PROVIDER_ERROR;
  if (memcmp(wrapped + 32, binding, 17) != 0) return PKS_PROVIDER_ERROR;
  for (size_t i = 0; i < 32; i++) key[i] = wrapped[i] ^ store->mask;
  return PKS_PROVIDER_OK;
}

static void provider(void) {
  struct key_store store = {0x5A, PKS_PROVIDER_OK, 0, 0, 0, 0};
  PKS_DECLARE(pks_provider, callbacks);
  callbacks.name = "test-kms";
  callbacks.context = &store;
  callbacks.wrap = wrap;
  callbacks.unwrap = unwrap;
  PKS_DECLARE(pks_unlock, unlock);
  unlock.method = PKS_METHOD_PROVIDER;
  unlock.provider = &callbacks;
  const char *path = in_folder(folder, "provider.vault");
  pks_vault vault = 0;
  PKS_DECLARE(pks_vault_facts, facts);
  store.short_key = 1;
  EXPECT(PKS_PROVIDER_FAILED, pks_vault_open(path, &unlock, NULL, &vault, &error));
  store.short_key = 0;
  EXPECT(PKS_OK, pks_vault_open(path, &unlock, NULL, &vault, &error));
  EXPECT(PKS_OK, pks_vault_info(vault, &facts, &error));
  CHECK(facts.unlock_method == PKS_METHOD_PROVIDER && store.wraps == 2);
  EXPECT(PKS_OK, pks_close(vault, &error));
  EXPECT(PKS_OK, pks_vault_open(path, &unlock, NULL, &vault, &error));
  CHECK(store.unwraps == 1);
  store.at_work = vault;
  EXPECT(PKS_OK, pks_vault_rewrap(vault, &unlock, &error));
  CHECK(store.wraps == 3);
  EXPECT(PKS_OK, pks_close(vault, &error));
  const struct { int answer; pks_status status; } answers[] = {
      {PKS_PROVIDER_KEY_GONE, PKS_KEY_LOST},
      {PKS_PROVIDER_CANCELLED, PKS_PROVIDER_REFUSED},
      {PKS_PROVIDER_UNREACHABLE, PKS_PROVIDER_UNAVAILABLE},
      {PKS_PROVIDER_ERROR, PKS_PROVIDER_FAILED},
      {-1, PKS_PROVIDER_FAILED},
  };
  for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
    store.answer = answers[i].answer;
    EXPECT(answers[i].status, pks_vault_open(path, &unlock, NULL, &vault, &error));
  }
  store.answer = PKS_PROVIDER_OK;
  store.mask = 1;
  EXPECT(PKS_PROVIDER_FAILED, pks_vault_open(path, &unlock, NULL, &vault, &error));
  callbacks.name = "another";
  EXPECT(PKS_WRONG_UNLOCK_METHOD, pks_vault_open(path, &unlock, NULL, &vault, &error));
  callbacks.name = "bad\nname";
  EXPECT(PKS_BAD_VALUE, pks_vault_open(in_folder(folder, "n.vault"), &unlock, NULL, &vault, &error));
  callbacks.wrap = NULL;
  EXPECT(PKS_NULL_POINTER, pks_vault_open(path, &unlock, NULL, &vault, &error));
  unlock.provider = NULL;
  EXPECT(PKS_NULL_POINTER, pks_vault_open(path, &unlock, NULL, &vault, &error));
}

static void key_file(void) {
  const char *path = in_folder(folder, "the.key");
  struct stat made;
  EXPECT(PKS_OK, pks_key_file_create(path, &error));
  CHECK(stat(path, &made) == 0 && made.st_size == 32 && (made.st_mode & 07777) == 0600);
  EXPECT(PKS_ALREADY_EXISTS, pks_key_file_create(path, &error));
  EXPECT(PKS_KEY_FILE, pks_key_file_create(in_folder(folder, "none/the.key"), &error));
  EXPECT(PKS_NULL_POINTER, pks_key_file_create(NULL, &error));
  PKS_DECLARE(pks_unlock, unlock);
  unlock.method = PKS_METHOD_KEY_FILE;
  unlock.path = path;
  const char *vault_path = in_folder(folder, "keyfile.vault");
  pks_vault vault = 0;
  EXPECT(PKS_OK, pks_vault_open(vault_path, &unlock, NULL, &vault, &error));
  EXPECT(PKS_OK, pks_close(vault, &error));
  CHECK(chmod(path, 0644) == 0);
  EXPECT(PKS_KEY_FILE, pks_vault_open(vault_path, &unlock, NULL, &vault, &error));
  CHECK(strstr(error.message, folder) == NULL);
  CHECK(chmod(path, 0600) == 0);
  pks_unlock next = raw_unlock();
  uint64_t overwritten = 0;
  EXPECT(PKS_KEY_NOT_LOST,
         pks_vault_reset(vault_path, &unlock, &next, NULL, &vault, &overwritten, &error));
  CHECK(unlink(path) == 0);
  EXPECT(PKS_KEY_LOST, pks_vault_open(vault_path, &unlock, NULL, &vault, &error));

  /* The lost key's vault is given up for an empty one. */
  EXPECT(PKS_KEY_FILE, pks_vault_reset(vault_path, &unlock, &unlock, NULL, &vault, NULL, &error));
  EXPECT(PKS_OK, pks_vault_reset(vault_path, &unlock, &next, NULL, &vault, &overwritten, &error));
  CHECK(overwritten > 0);
  PKS_DECLARE(pks_vault_facts, facts);
  EXPECT(PKS_OK, pks_vault_info(vault, &facts, &error));
  CHECK(facts.keys == 0 && facts.unlock_method == PKS_METHOD_RAW_KEY);
  EXPECT(PKS_OK, pks_close(vault, &error));
  EXPECT(PKS_OK, pks_vault_open(vault_path, &next, NULL, &vault, &error));
  EXPECT(PKS_OK, pks_close(vault, &error));
}

static void entangled(void) {
  const char *local = in_folder(folder, "local");
  CHECK(mkdir(local, 0700) == 0);
  pks_unlock unlock = raw_unlock();
  unlock.entangled_folder = local;
  const char *path = in_folder(folder, "entangled.vault");
  pks_vault vault = 0;
  PKS_DECLARE(pks_vault_facts, facts);
  EXPECT(PKS_OK, pks_vault_open(path, &unlock, NULL, &vault, &error));
  EXPECT(PKS_OK, pks_vault_info(vault, &facts, &error));
  CHECK(facts.is_entangled == 1 && facts.unlock_method == PKS_METHOD_RAW_KEY);
  EXPECT(PKS_OK, pks_close(vault, &error));
  unlock.entangled_folder = NULL;
  EXPECT(PKS_WRONG_UNLOCK_METHOD, pks_vault_open(path, &unlock, NULL, &vault, &error));
  CHECK(error.detail == PKS_METHOD_ENTANGLED);
  unlock.entangled_folder = folder;
  EXPECT(PKS_KEY_LOST, pks_vault_open(path, &unlock, NULL, &vault, &error));
  unlock.entangled_folder = local;
  static const uint8_t other[32] = {9};
  unlock.secret = other;
  EXPECT(PKS_WRONG_KEY, pks_vault_open(path, &unlock, NULL, &vault, &error));
  unlock.secret_length = 31;
  EXPECT(PKS_BAD_LENGTH, pks_vault_open(path, &unlock, NULL, &vault, &error));
}

/* The kernel's keyring, where there is one that this process may use. */
static void keyring(void) {
  char description[64];
  snprintf(description, sizeof description, "provekeystore test %ld", (long)getpid());
  PKS_DECLARE(pks_keyring, place);
  PKS_DECLARE(pks_unlock, unlock);
  PKS_DECLARE(pks_vault_facts, facts);
  place.kind = PKS_KEYRING_USER;
  place.description = description;
  unlock.method = PKS_METHOD_KEYRING;
  unlock.keyring = &place;
  const char *path = in_folder(folder, "keyring.vault");
  pks_vault vault = 0;
  pks_status made = pks_keyring_create(&place, NULL, 0, &error);
  if (made == PKS_PROVIDER_UNAVAILABLE) {
    fprintf(stderr, "the kernel's keyring cannot be used here: %s\n", error.message);
    EXPECT(PKS_PROVIDER_UNAVAILABLE, pks_vault_open(path, &unlock, NULL, &vault, &error));
  } else {
    CHECK(made == PKS_OK);
    EXPECT(PKS_ALREADY_EXISTS, pks_keyring_create(&place, NULL, 0, &error));
    EXPECT(PKS_OK, pks_vault_open(path, &unlock, NULL, &vault, &error));
    EXPECT(PKS_OK, pks_vault_info(vault, &facts, &error));
    CHECK(facts.unlock_method == PKS_METHOD_PROVIDER);
    EXPECT(PKS_OK, pks_close(vault, &error));
    EXPECT(PKS_OK, pks_vault_open(path, &unlock, NULL, &vault, &error));
    EXPECT(PKS_OK, pks_close(vault, &error));
    EXPECT(PKS_OK, pks_keyring_remove(&place, &error));
    EXPECT(PKS_NOT_FOUND, pks_keyring_remove(&place, &error));
    EXPECT(PKS_KEY_LOST, pks_vault_open(path, &unlock, NULL, &vault, &error));
    /* A key that is kept elsewhere is put back after a restart: another one is not it. */
    EXPECT(PKS_OK, pks_keyring_create(&place, test_key, 32, &error));
    EXPECT(PKS_PROVIDER_FAILED, pks_vault_open(path, &unlock, NULL, &vault, &error));
    path = in_folder(folder, "put-back.vault");
    EXPECT(PKS_OK, pks_vault_open(path, &unlock, NULL, &vault, &error));
    EXPECT(PKS_OK, pks_close(vault, &error));
    EXPECT(PKS_OK, pks_keyring_remove(&place, &error));
    EXPECT(PKS_OK, pks_keyring_create(&place, test_key, 32, &error));
    EXPECT(PKS_OK, pks_vault_open(path, &unlock, NULL, &vault, &error));
    EXPECT(PKS_OK, pks_close(vault, &error));
    EXPECT(PKS_OK, pks_keyring_remove(&place, &error));
  }
  EXPECT(PKS_BAD_LENGTH, pks_keyring_create(&place, test_key, 31, &error));
  EXPECT(PKS_BAD_LENGTH, pks_keyring_create(&place, test_key, 33, &error));
  EXPECT(PKS_NULL_POINTER, pks_keyring_create(&place, NULL, 32, &error));
  EXPECT(PKS_NULL_POINTER, pks_keyring_create(NULL, NULL, 0, &error));
  place.description = "not\nprintable";
  EXPECT(PKS_BAD_VALUE, pks_keyring_remove(&place, &error));
  place.description = NULL;
  EXPECT(PKS_NULL_POINTER, pks_keyring_remove(&place, &error));
  place.description = description;
  place.kind = 4;
  EXPECT(PKS_BAD_VALUE, pks_vault_open(path, &unlock, NULL, &vault, &error));
  unlock.keyring = NULL;
  EXPECT(PKS_NULL_POINTER, pks_vault_open(path, &unlock, NULL, &vault, &error));
}

static void write_file(const char *path, const char *text, mode_t mode) {
  FILE *file = fopen(path, "wb");
  CHECK(file != NULL && fputs(text, file) >= 0);
  if (file) fclose(file);
  CHECK(chmod(path, mode) == 0);
}

/* A program that gives back what it is given, or ends with the status that a file says. */
static void program(void) {
  char script[1024], status[1024];
  snprintf(script, sizeof script, "%s/key-program", folder);
  snprintf(status, sizeof status, "%s/status", folder);
  write_file(script,
             "#!/bin/sh\n"
             "[ \"$VARIABLE\" = \"a=b\" ] && [ -z \"$HOME\" ] || exit 1\n"
             "read -r operation context bytes\n"
             "read -r ending <\"$1\"\n"
             "[ \"$ending\" = late ] && sleep 20\n"
             "[ \"$ending\" = 0 ] || exit \"$ending\"\n"
             "echo \"$bytes\"\n",
             0700);
  write_file(status, "0\n", 0600);
  const char *arguments[] = {script, status, NULL};
  const char *environment[] = {"PATH=/usr/bin:/bin", "VARIABLE=a=b", NULL};
  PKS_DECLARE(pks_program, run);
  PKS_DECLARE(pks_unlock, unlock);
  PKS_DECLARE(pks_vault_facts, facts);
  run.arguments = arguments;
  run.environment = environment;
  unlock.method = PKS_METHOD_PROGRAM;
  unlock.program = &run;
  const char *path = in_folder(folder, "program.vault");
  pks_vault vault = 0;
  EXPECT(PKS_OK, pks_vault_open(path, &unlock, NULL, &vault, &error));
  EXPECT(PKS_OK, pks_vault_info(vault, &facts, &error));
  CHECK(facts.unlock_method == PKS_METHOD_PROVIDER);
  EXPECT(PKS_OK, pks_close(vault, &error));
  EXPECT(PKS_OK, pks_vault_open(path, &unlock, NULL, &vault, &error));
  EXPECT(PKS_OK, pks_close(vault, &error));
  const struct { const char *ending; pks_status wanted; } endings[] = {
      {"10\n", PKS_KEY_LOST},
      {"11\n", PKS_PROVIDER_REFUSED},
      {"12\n", PKS_PROVIDER_UNAVAILABLE},
      {"3\n", PKS_PROVIDER_FAILED},
      {"late\n", PKS_PROVIDER_FAILED},
  };
  for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
    time_t start = time(NULL);
    write_file(status, endings[i].ending, 0600);
    run.time_limit_milliseconds = endings[i].ending[0] == 'l' ? 300 : 0;
    EXPECT(endings[i].wanted, pks_vault_open(path, &unlock, NULL, &vault, &error));
    CHECK(time(NULL) - start < 15 && strstr(error.message, folder) == NULL);
  }
  run.time_limit_milliseconds = 600001;
  EXPECT(PKS_BAD_VALUE, pks_vault_open(path, &unlock, NULL, &vault, &error));
  run.time_limit_milliseconds = 0;
  run.name = "another";
  EXPECT(PKS_WRONG_UNLOCK_METHOD, pks_vault_open(path, &unlock, NULL, &vault, &error));
  CHECK(error.detail == PKS_METHOD_PROVIDER);
  run.name = "";
  EXPECT(PKS_BAD_VALUE, pks_vault_open(path, &unlock, NULL, &vault, &error));
  run.name = NULL;
  const char *bad_variables[] = {"NO SIGN", "=value", "\xFF=x"};
  const pks_status refusals[] = {PKS_BAD_VALUE, PKS_BAD_VALUE, PKS_NOT_UTF8};
  for (size_t i = 0; i < 3; i++) {
    environment[0] = bad_variables[i];
    EXPECT(refusals[i], pks_vault_open(path, &unlock, NULL, &vault, &error));
  }
  run.environment = NULL;
  EXPECT(PKS_PROVIDER_FAILED, pks_vault_open(path, &unlock, NULL, &vault, &error));
  arguments[0] = "key-program";
  EXPECT(PKS_BAD_VALUE, pks_vault_open(path, &unlock, NULL, &vault, &error));
  arguments[0] = "/none/such";
  /* Under valgrind a child that cannot run its program has no way to say so. */
  EXPECT(getenv("UNDER_VALGRIND") ? PKS_PROVIDER_FAILED : PKS_PROVIDER_UNAVAILABLE,
         pks_vault_open(path, &unlock, NULL, &vault, &error));
  arguments[0] = NULL;
  EXPECT(PKS_BAD_VALUE, pks_vault_open(path, &unlock, NULL, &vault, &error));
  const char *many[258];
  for (int i = 0; i < 257; i++) many[i] = script;
  many[257] = NULL;
  run.arguments = many;
  EXPECT(PKS_BAD_LENGTH, pks_vault_open(path, &unlock, NULL, &vault, &error));
  run.arguments = NULL;
  EXPECT(PKS_NULL_POINTER, pks_vault_open(path, &unlock, NULL, &vault, &error));
  unlock.program = NULL;
  EXPECT(PKS_NULL_POINTER, pks_vault_open(path, &unlock, NULL, &vault, &error));
}

static void copy_file(const char *from, const char *to) {
  char bytes[65536];
  FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
  CHECK(in != NULL && out != NULL);
  size_t count;
  while (in && out && (count = fread(bytes, 1, sizeof bytes, in)) > 0) fwrite(bytes, 1, count, out);
  if (in) fclose(in);
  if (out) fclose(out);
  CHECK(chmod(to, 0600) == 0);
}

static void anchor(void) {
  pks_unlock unlock = raw_unlock();
  PKS_DECLARE(pks_vault_options, options);
  char path[1024], older[1024], anchor_path[1024];
  snprintf(path, sizeof path, "%s/anchored.vault", folder);
  snprintf(older, sizeof older, "%s/older.vault", folder);
  snprintf(anchor_path, sizeof anchor_path, "%s/anchor", folder);
  options.anchor_path = anchor_path;
  pks_vault vault = 0;
  PKS_DECLARE(pks_key, key);
  EXPECT(PKS_OK, pks_vault_open(path, &unlock, &options, &vault, &error));
  EXPECT(PKS_OK, pks_close(vault, &error));
  copy_file(path, older);
  EXPECT(PKS_OK, pks_vault_open(path, &unlock, &options, &vault, &error));
  EXPECT(PKS_OK, pks_vault_place_key(vault, PKS_EU_UAT, "app", NULL, &key, &error));
  EXPECT(PKS_OK, pks_close(vault, &error));
  copy_file(older, path);
  EXPECT(PKS_ROLLED_BACK, pks_vault_open(path, &unlock, &options, &vault, &error));
  CHECK(error.domain == PKS_DOMAIN_FILE);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  folder = argv[1];
  provider();
  key_file();
  entangled();
  keyring();
  program();
  anchor();
  return finish("unlocking");
}
