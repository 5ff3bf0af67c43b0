// What Linux offers and Swift's Glibc does not show.
//
// 1. The kernel's key service, which glibc has no functions for: it is reached by `syscall`, which
//    takes any number of arguments and so cannot be called from Swift. libkeyutils would be one more
//    library to install for eight one-line functions. Each returns -1 and sets errno when the kernel
//    refuses; on other systems always, with ENOSYS.
//
// 2. renameat2, which older glibc does not have.
//
// 3. Two functions that glibc declares only for programs that ask for its extensions.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__linux__)
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PK_KEYRING_CALL(...) syscall(__VA_ARGS__)
#else
static inline long pk_keyring_missing(void) {
  errno = ENOSYS;
  return -1;
}
#define PK_KEYRING_CALL(...) pk_keyring_missing()
#endif

// Adds a key of type "user", or changes the one of that description; gives its serial number.
static inline long pk_keyring_add(
    const char *description, const void *bytes, size_t count, int32_t keyring) {
  return PK_KEYRING_CALL(SYS_add_key, "user", description, bytes, count, keyring);
}

// The serial number of a key of type "user" in a keyring or in those linked to it.
static inline long pk_keyring_search(int32_t keyring, const char *description) {
  return PK_KEYRING_CALL(SYS_keyctl, KEYCTL_SEARCH, keyring, "user", description, 0);
}

// Copies a key's bytes, as many as there is room for; gives how many there are.
static inline long pk_keyring_read(int32_t key, void *bytes, size_t count) {
  return PK_KEYRING_CALL(SYS_keyctl, KEYCTL_READ, key, bytes, count);
}

// Says who may do what with a key.
static inline long pk_keyring_set_permissions(int32_t key, uint32_t permissions) {
  return PK_KEYRING_CALL(SYS_keyctl, KEYCTL_SETPERM, key, permissions);
}

// Makes a key unusable for everybody at once.
static inline long pk_keyring_revoke(int32_t key) {
  return PK_KEYRING_CALL(SYS_keyctl, KEYCTL_REVOKE, key);
}

// Takes a key out of a keyring.
static inline long pk_keyring_unlink(int32_t key, int32_t keyring) {
  return PK_KEYRING_CALL(SYS_keyctl, KEYCTL_UNLINK, key, keyring);
}

// Puts a keyring into another one, whose possessor then possesses it as well.
static inline long pk_keyring_link(int32_t keyring, int32_t destination) {
  return PK_KEYRING_CALL(SYS_keyctl, KEYCTL_LINK, keyring, destination);
}

// The serial number of the caller's persistent keyring, linked to `destination`.
static inline long pk_keyring_persistent(int32_t destination) {
  return PK_KEYRING_CALL(SYS_keyctl, KEYCTL_GET_PERSISTENT, -1, destination);
}

// Gives a file another name, which nothing may have yet: -1 and EEXIST when something has.
static inline int pk_rename_new(const char *from, const char *to) {
#if defined(__linux__) && defined(SYS_renameat2)
  return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 1 /* RENAME_NOREPLACE */);
#else
  errno = ENOSYS;
  return -1;
#endif
}

// Makes a pipe whose ends are closed by exec from the first instant on.
extern int pipe2(int ends[2], int flags);

// Lets a spawned program begin without the descriptors from `first` on.
extern int posix_spawn_file_actions_addclosefrom_np(
    posix_spawn_file_actions_t *actions, int first);
