// Look-ups of registrations that stand in the clear, under their ids as text: what people do with
// SQLite alone. Compiled once with SQLite and once, for a program of its own, with SQLCipher.
#ifndef PROVE_KEY_STORE_PLAIN_H
#define PROVE_KEY_STORE_PLAIN_H

#include <stddef.h>

typedef struct plain plain;

// Opens the file; a key in hexadecimal for SQLCipher, else NULL. `is_exclusive` asks for the settings
// that suit SQLCipher best: one lock for good, no wiping of memory.
plain *plain_open(const char *path, const char *key, int cache_kibibytes, int is_exclusive);
void plain_close(plain *plain);

// Copies the row's columns out; returns how many bytes they have. Ends the program when there is none.
size_t plain_look_up(plain *plain, const char *id, size_t count);

#endif
