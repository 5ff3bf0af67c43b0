/* Loads and unloads the library, in a program that is not linked with it: loading LIBRARY FOLDER */
#include <dlfcn.h>

#include "check.h"

typedef pks_status open_call(const char *, const pks_unlock *, const pks_vault_options *,
                             pks_vault *, pks_error *);
typedef pks_status close_call(uint64_t, pks_error *);
typedef uint32_t abi_call(void);

/* ISO C has no conversion of an object pointer to a function pointer. */
#define FIND(name) memcpy(&name, (void *[]){dlsym(library, #name)}, sizeof(void *))

int main(int argc, char **argv) {
  if (argc != 3) return 2;
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
    CHECK(dlclose(library) == 0);
  }
  return finish("loading");
}
