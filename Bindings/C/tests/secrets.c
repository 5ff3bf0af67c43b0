/*
 * Looks through this process's memory for the secrets that it has passed in: secrets FOLDER
 *
 * Each lies in one page of the caller's own, which is locked and left out of the search. Beside it
 * there may be copies in guarded memory, which is locked too (`lo` of /proc/self/smaps), and none
 * in any other. Not run by the sanitizers and valgrind, which keep what was freed, and lock nothing.
 */
#include "check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static pks_error error = {.size = sizeof(pks_error)};
static const char *folder;
static uint8_t *own;    /* the page that the secrets lie in */
static uint8_t *window; /* that the search looks through, locked as well */
enum { page = 4096, window_size = 1 << 18, secret_length = 32 };

static void *locked_pages(size_t size) {
  void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(pages != MAP_FAILED && mlock(pages, size) == 0);
  return pages;
}

/* Byte by byte: a wide register that holds a secret is put on the stack when a call is bound. */
static void copy_bytes(volatile uint8_t *to, const volatile uint8_t *from) {
  for (int i = 0; i < secret_length; i++) to[i] = from[i];
}

static int is_secret(const volatile uint8_t *bytes) {
  int same = 1;
  for (int i = 0; i < secret_length && same; i++) same = bytes[i] == own[i];
  return same;
}

static int copies_between(int memory, unsigned long start, unsigned long end) {
  int found = 0;
  while (start + secret_length <= end) {
    size_t wanted = end - start < window_size ? end - start : window_size;
    ssize_t count = pread(memory, window, wanted, (off_t)start);
    if (count < secret_length) break;
    for (ssize_t i = 0; i + secret_length <= count; i++)
      found += is_secret(window + i);
    start += (unsigned long)count - secret_length + 1; /* one may lie across the border */
  }
  return found;
}

/* Copies of the secret outside of the caller's page and of locked memory. */
static int stray_copies(void) {
  FILE *maps = fopen("/proc/self/smaps", "r");
  int memory = open("/proc/self/mem", O_RDONLY), found = 0, readable = 0;
  unsigned long start = 0, end = 0;
  char line[1024], mode[8];
  CHECK(maps != NULL && memory >= 0);
  while (maps && fgets(line, sizeof line, maps)) {
    unsigned long from, to;
    if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) == 3) {
      start = from;
      end = to;
      readable = mode[0] == 'r' && mode[1] == 'w';
    } else if (readable && strncmp(line, "VmFlags:", 8) == 0 && !strstr(line, " lo")) {
      found += copies_between(memory, start, end);
    }
  }
  if (maps) fclose(maps);
  close(memory);
  return found;
}

static int is_locked(const void *address) {
  FILE *maps = fopen("/proc/self/smaps", "r");
  char line[1024];
  int inside = 0, locked = 0;
  unsigned long from, to;
  while (maps && fgets(line, sizeof line, maps)) {
    if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
      inside = (unsigned long)address >= from && (unsigned long)address < to;
    if (inside && strncmp(line, "VmFlags:", 8) == 0) locked = strstr(line, " lo") != NULL;
  }
  if (maps) fclose(maps);
  return locked;
}

static void new_secret(void) {
  int random = open("/dev/urandom", O_RDONLY);
  CHECK(random >= 0 && read(random, own, secret_length) == secret_length);
  close(random);
  /* A passphrase is UTF-8 without a NUL. */
  for (int i = 0; i < secret_length; i++) own[i] = (uint8_t)(0x21 + own[i] % 94);
}

static void use(const char *name, const pks_unlock *unlock) {
  pks_vault vault = 0;
  PKS_DECLARE(pks_key, key);
  const char *path = in_folder(folder, name);
  EXPECT(PKS_OK, pks_vault_open(path, unlock, NULL, &vault, &error));
  EXPECT(PKS_OK, pks_vault_place_key(vault, PKS_US_UAT, "o", NULL, &key, &error));
  CHECK(stray_copies() == 0);
  EXPECT(PKS_OK, pks_close(vault, &error));
  EXPECT(PKS_OK, pks_vault_open(path, unlock, NULL, &vault, &error));
  EXPECT(PKS_OK, pks_vault_rewrap(vault, unlock, &error));
  CHECK(stray_copies() == 0);
  EXPECT(PKS_OK, pks_close(vault, &error));
  CHECK(stray_copies() == 0);
}

/* A provider that keeps the key in the page of the secrets. */
static int lent;

static int32_t wrap(void *context, const uint8_t *key, size_t key_length, const uint8_t *binding,
                    size_t binding_length, uint8_t *wrapped, size_t *wrapped_length) {
  (void)context, (void)key_length, (void)binding, (void)binding_length;
  lent += is_locked(key);
  copy_bytes(own, key);
  wrapped[0] = 1;
  *wrapped_length = 1;
  return PKS_PROVIDER_OK;
}

static int32_t unwrap(void *context, const uint8_t *wrapped, size_t wrapped_length,
                      const uint8_t *binding, size_t binding_length, uint8_t *key,
                      size_t key_length) {
  (void)context, (void)wrapped, (void)wrapped_length, (void)key_length;
  (void)binding, (void)binding_length;
  lent += is_locked(key);
  copy_bytes(key, own);
  return PKS_PROVIDER_OK;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  folder = argv[1];
  own = locked_pages(page);
  window = locked_pages(window_size);
  pks_unlock unlock = raw_unlock();
  unlock.secret = own;
  new_secret();
  /* The search finds what there is to find. */
  uint8_t *stray = malloc(secret_length);
  copy_bytes(stray, own);
  CHECK(stray_copies() == 1);
  memset(stray, 0, secret_length);
  CHECK(stray_copies() == 0);
  free(stray);

  use("raw.vault", &unlock);
  new_secret();
  unlock.method = PKS_METHOD_PASSPHRASE;
  use("passphrase.vault", &unlock);

  PKS_DECLARE(pks_provider, provider);
  PKS_DECLARE(pks_unlock, outside);
  provider.name = "secrets";
  provider.wrap = wrap;
  provider.unwrap = unwrap;
  outside.method = PKS_METHOD_PROVIDER;
  outside.provider = &provider;
  use("provider.vault", &outside);
  CHECK(lent == 3);

  PKS_DECLARE(pks_keyring, place);
  PKS_DECLARE(pks_unlock, keyring);
  place.kind = PKS_KEYRING_USER;
  char description[64];
  snprintf(description, sizeof description, "provekeystore secret %ld", (long)getpid());
  place.description = description;
  keyring.method = PKS_METHOD_KEYRING;
  keyring.keyring = &place;
  new_secret();
  pks_status made = pks_keyring_create(&place, own, secret_length, &error);
  if (made != PKS_PROVIDER_UNAVAILABLE) {
    CHECK(made == PKS_OK);
    use("keyring.vault", &keyring);
    EXPECT(PKS_OK, pks_keyring_remove(&place, &error));
  }
  return finish("secrets");
}
