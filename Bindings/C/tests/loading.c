/* Loads and unloads the library, in a program that is not linked with it: loading LIBRARY FOLDER */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "check.h"

typedef pks_status open_call(const char *, const pks_unlock *, const pks_vault_options *,
                             pks_vault *, pks_error *);
typedef pks_status close_call(uint64_t, pks_error *);
typedef uint32_t abi_call(void);

/* ISO C has no conversion of an object pointer to a function pointer. */
#define FIND(name) memcpy(&name, (void *[]){dlsym(library, #name)}, sizeof(void *))

enum { signals = 65 };

static void note_handlers(void *handlers[signals]) {
  for (int i = 1; i < signals; i++) {
    struct sigaction action;
    handlers[i] = NULL;
    if (sigaction(i, NULL, &action) == 0) memcpy(&handlers[i], &action.sa_handler, sizeof(void *));
  }
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  /* Whatever is printed from here on goes to a file, which has to stay empty. */
  void *before[signals], *after[signals];
  int out = dup(1), err = dup(2);
  int quiet = open(in_folder(argv[2], "printed"), O_CREAT | O_RDWR, 0600);
  CHECK(out >= 0 && err >= 0 && quiet >= 0 && dup2(quiet, 1) == 1 && dup2(quiet, 2) == 2);
  note_handlers(before);
  CHECK(dlsym(RTLD_DEFAULT, "swift_retain") == NULL);
  for (int round = 0; round < 5; round++) {
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) fprintf(stderr, "%s\n", dlerror());
    CHECK(library != NULL);
    if (library == NULL) break;
    open_call *pks_vault_open;
    close_call *pks_close;
    abi_call *pks_abi;
    FIND(pks_vault_open);
    FIND(pks_close);
    FIND(pks_abi);
    CHECK(dlsym(library, "swift_retain") == NULL);
    CHECK(pks_abi() == PKS_ABI);
    pks_unlock unlock = raw_unlock();
    pks_vault vault = 0;
    CHECK(pks_vault_open(in_folder(argv[2], "loaded.vault"), &unlock, NULL, &vault, NULL) == PKS_OK);
    CHECK(pks_close(vault, NULL) == PKS_OK);
    vault = 0;
    CHECK(pks_vault_open("/none/such", &unlock, NULL, &vault, NULL) != PKS_OK && vault == 0);
    CHECK(dlclose(library) == 0);
  }
  note_handlers(after);
  off_t printed = lseek(quiet, 0, SEEK_END);
  fflush(NULL);
  CHECK(dup2(out, 1) == 1 && dup2(err, 2) == 2);
  CHECK(memcmp(before + 1, after + 1, sizeof before - sizeof before[0]) == 0);
  CHECK(printed == 0);
  return finish("loading");
}
