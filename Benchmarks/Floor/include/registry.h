// The least that a look-up in a registry's file takes, in C: see vault.h for what it leaves out.
#ifndef PROVE_KEY_STORE_FLOOR_REGISTRY_H
#define PROVE_KEY_STORE_FLOOR_REGISTRY_H

#include <stddef.h>
#include <stdint.h>

typedef struct registry_floor registry_floor;

// Opens a registry that the raw key locks and that has one epoch, with the library's settings.
registry_floor *registry_floor_open(const char *path, const unsigned char raw_key[32],
                                    int cache_kibibytes);
void registry_floor_close(registry_floor *floor);

// Finds a registration and opens it; returns the length of its content. Ends the program when there
// is none.
uint32_t registry_floor_look_up(registry_floor *floor, const char *id, size_t count);

// Begins and ends a durable transaction.
void registry_floor_begin(registry_floor *floor);
void registry_floor_commit(registry_floor *floor);

// Writes the rows that a recorded authentication writes, with bytes of the same lengths that mean
// nothing: the registration, so many days later, and the digest of its bucket. The file is then no
// registry any more.
void registry_floor_authenticate(registry_floor *floor, const char *id, size_t count, int days);

#endif
