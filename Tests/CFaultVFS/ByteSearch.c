#define _GNU_SOURCE
#include <string.h>

#include "CFaultVFS.h"

int pks_contains(const void *bytes, long count, const void *wanted, long wanted_count) {
  return memmem(bytes, (size_t)count, wanted, (size_t)wanted_count) != NULL;
}
