/*
 * A device: keeps its key in a vault and signs a server's challenge with it.
 *
 *   client VAULT PASSPHRASE-FILE CHALLENGE-HEX
 *
 * prints the assertion in hex, ready to be sent. The first run makes vault and key.
 */
#include <stdio.h>
#include <string.h>

#include <provekeystore.h>

static int failed(const char *what, const pks_error *error) {
  fprintf(stderr, "%s: %s\n", what, error->message);
  return 1;
}

/* Reads the first line of a file: a secret belongs neither into arguments nor into the program. */
static size_t read_line(const char *path, char *line, size_t capacity) {
  FILE *file = fopen(path, "rb");
  size_t length = 0;
  if (file == NULL) return 0;
  length = fread(line, 1, capacity, file);
  fclose(file);
  for (size_t i = 0; i < length; i++) {
    if (line[i] == '\n') return i;
  }
  return length;
}

static size_t from_hex(const char *text, uint8_t *bytes, size_t capacity) {
  size_t count = 0;
  unsigned value = 0;
  while (count < capacity && sscanf(text + 2 * count, "%2x", &value) == 1) {
    bytes[count++] = (uint8_t)value;
  }
  return count;
}

int main(int argc, char **argv) {
  const char *origin = "https://shop.example";
  char passphrase[1024];
  uint8_t challenge[255], assertion[PKS_ASSERTION_SIZE];
  size_t challenge_length = 0, length = 0;
  pks_vault vault = 0;
  pks_status status = PKS_OK;
  int code = 0;
  PKS_DECLARE(pks_error, error);
  PKS_DECLARE(pks_unlock, unlock);
  PKS_DECLARE(pks_key, key);

  if (argc != 4) {
    fprintf(stderr, "usage: client VAULT PASSPHRASE-FILE CHALLENGE-HEX\n");
    return 2;
  }
  if (pks_abi() != PKS_ABI) {
    fprintf(stderr, "compiled for another library\n");
    return 1;
  }
  unlock.method = PKS_METHOD_PASSPHRASE;
  unlock.secret = passphrase;
  unlock.secret_length = read_line(argv[2], passphrase, sizeof passphrase);
  status = pks_vault_open(argv[1], &unlock, NULL, &vault, &error);
  memset(passphrase, 0, sizeof passphrase);
  if (status != PKS_OK) return failed("the vault", &error);

  status = pks_vault_current_key(vault, PKS_US_UAT, origin, &key, &error);
  if (status == PKS_NOT_FOUND) {
    status = pks_vault_place_key(vault, PKS_US_UAT, origin, NULL, &key, &error);
  }
  if (status != PKS_OK) code = failed("the key", &error);

  challenge_length = from_hex(argv[3], challenge, sizeof challenge);
  if (code == 0 && pks_vault_sign(vault, key.device_id, challenge, challenge_length, assertion,
                                  sizeof assertion, &length, &error) != PKS_OK) {
    code = failed("signing", &error);
  }
  if (code == 0) {
    for (size_t i = 0; i < length; i++) printf("%02x", assertion[i]);
    printf("\n");
  }
  if (pks_close(vault, &error) != PKS_OK) code = failed("closing", &error);
  return code;
}
