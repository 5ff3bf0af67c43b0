/*
 * provekeystore.h: the Prove Key vault and registry for programs in any language.
 *
 * What holds for every call
 *
 * Threads. Every call is synchronous and may be made from any thread, many at once, on the same
 *   handle. Callbacks run on the thread that made the call, while no lock is held that another call
 *   needs; they may call this library.
 * Handles. A handle is a number, never an address. 0 is no handle. `pks_close` may be called while
 *   other threads use the handle: they get PKS_CLOSED, or finish. A number that was never given
 *   out, or names something else than the call is for, is PKS_BAD_HANDLE.
 * Texts in. `const char *` is UTF-8 that ends with a NUL; at most 4,096 bytes are looked at. Texts
 *   that may hold a NUL, and all bytes, come with their length. Nothing is kept of what a call was
 *   given once it has returned.
 * Structs. The first field of each is `size`, set by the caller to `sizeof` of the struct before
 *   the call, for results too (PKS_DECLARE does it). Fields come to the end in later versions; a
 *   library writes and reads no more than `size` says.
 * Results. Memory is the caller's. When a call fails, its results are as they were, but for
 *   a length that PKS_BUFFER_TOO_SMALL tells. Where a length is not known beforehand, give a capacity
 *   of 0 (the buffer may then be NULL): the call says PKS_BUFFER_TOO_SMALL and the length needed, and
 *   has done nothing.
 * Errors. A call returns PKS_OK, or another code and then fills `error` unless that is NULL. Messages name codes,
 *   fields and counts; they never hold a key, an id, a number, an origin or a path.
 * Secrets. No call hands out a secret; a provider's `wrap` is lent one in guarded memory. What is
 *   passed in (`pks_unlock`) is copied into guarded memory; zeroing the original is the caller's part.
 * Process. The library installs no signal handlers, never exits, prints nothing. After `fork`, a
 *   child of a process that had opened something gets PKS_FORKED from every call with a handle and
 *   from every open; `fork` then `exec` is fine, and so is opening only after the fork.
 * Unloading. Once loaded the library stays in the process: `dlclose` succeeds and frees nothing.
 *
 * Functions, structs and codes have been there since version 0.1.0 unless they say otherwise.
 */
#ifndef PROVEKEYSTORE_H
#define PROVEKEYSTORE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Version ---------------------------------------------------------------------------------- */

#define PKS_VERSION_MAJOR 0
#define PKS_VERSION_MINOR 1
#define PKS_VERSION_PATCH 0
#define PKS_VERSION "0.1.0"
/* Changes only when a program must be compiled anew; the shared library's name carries it. */
#define PKS_ABI 1

/* Declares a zeroed struct that carries its size. Needs <string.h>. */
#define PKS_DECLARE(type, name) \
  type name; \
  memset(&name, 0, sizeof name); \
  name.size = (uint32_t)sizeof name

/* The version of the library at run time, as in PKS_VERSION; never NULL, never to be freed. */
const char *pks_version(void);

/* The ABI of the library at run time: refuse to go on unless it is PKS_ABI. */
uint32_t pks_abi(void);

/* ---- Errors ----------------------------------------------------------------------------------- */

/* PKS_OK or a code of `enum pks_code`. */
typedef int32_t pks_status;

enum pks_code {
  PKS_OK = 0,

  /* The call itself. */
  PKS_NULL_POINTER = 1,     /* a pointer that must not be NULL is */
  PKS_BAD_HANDLE = 2,       /* no handle, or one of another kind */
  PKS_CLOSED = 3,           /* the handle was closed */
  PKS_BAD_LENGTH = 4,       /* a length or text is longer than the call allows */
  PKS_NOT_UTF8 = 5,         /* a text is not UTF-8 */
  PKS_BAD_STRUCT = 6,       /* a struct's `size` is not one this library knows */
  PKS_BUFFER_TOO_SMALL = 7, /* nothing was done; the length needed was told */
  PKS_BAD_VALUE = 8,        /* a number is none of its enumeration, or out of bounds */
  PKS_CANCELLED = 9,        /* a callback stopped the work; what was done stays */
  PKS_NOT_FOUND = 10,       /* there is no such thing: not a failure */
  PKS_TOO_MANY = 11,        /* 65,536 handles are open */
  PKS_UNSUPPORTED = 12,     /* this build of the library cannot do it */
  PKS_FORKED = 13,          /* the process was forked after something was opened */
  PKS_INTERNAL = 14,        /* a failure with no code of its own */

  /* Values (domain PKS_DOMAIN_MODEL). */
  PKS_MALFORMED = 100,    /* a field breaks its rules; the message names it */
  PKS_PHONE_NUMBER = 101, /* no phone number; `detail` is a `pks_phone_problem` */
  PKS_ILLEGAL_MOVE = 102, /* the registration's state does not allow the change */

  /* Unlocking (domain PKS_DOMAIN_UNLOCK). */
  PKS_WRONG_PASSPHRASE = 200,
  PKS_WRONG_KEY = 201,
  PKS_KEY_LOST = 202,             /* the key is gone for good; the vault is sound */
  PKS_KEY_FILE = 203,             /* the key file cannot be used */
  PKS_ENTANGLEMENT = 204,         /* the value in the folder cannot be used */
  PKS_PROVIDER_FAILED = 205,      /* the provider failed, or its key is another one */
  PKS_PROVIDER_REFUSED = 206,     /* the person cancelled, or the provider is locked */
  PKS_PROVIDER_UNAVAILABLE = 207, /* the provider cannot be reached */
  PKS_WRONG_UNLOCK_METHOD = 208,  /* `detail` is the `pks_method` that it is locked with */
  PKS_MEMORY_EXHAUSTED = 209,     /* no guarded memory is left: raise `ulimit -l` */
  PKS_UNLOCK_FAILED = 210,

  /* Files (domain PKS_DOMAIN_FILE); of vaults and registries alike. */
  PKS_MISSING = 300,
  PKS_ALREADY_EXISTS = 301,
  PKS_INVALID_PATH = 302,
  PKS_FOLDER_MISSING = 303,
  PKS_PERMISSION_DENIED = 304,
  PKS_PERMISSIONS_TOO_OPEN = 305, /* `detail` is the file's mode: `chmod 600` */
  PKS_READ_ONLY = 306,
  PKS_DISK_FULL = 307,
  PKS_IN_USE = 308,
  PKS_STORAGE_UNSUITABLE = 309,
  PKS_IO = 310,           /* `detail` is SQLite's extended result code */
  PKS_WRONG_FILE = 311,   /* neither a vault nor a registry, or not the one asked for */
  PKS_FORMAT_NEWER = 312, /* update this library; `detail` is the file's format */
  PKS_DAMAGED = 313,      /* not what was written: trust nothing in it */
  PKS_ROLLED_BACK = 314,  /* an older state was put back */
  PKS_ANCHOR = 315,       /* the anchor failed; what was written is durable */

  /* The vault (domain PKS_DOMAIN_VAULT). */
  PKS_UNKNOWN_KEY = 400,
  PKS_DEVICE_ID_TAKEN = 401,
  PKS_CHALLENGE_LENGTH = 402, /* a challenge has 16 to 255 bytes */
  PKS_TOO_MANY_KEYS = 403,
  PKS_INVALID_ORIGIN = 404,
  PKS_QUOTA_OUT_OF_BOUNDS = 405,
  PKS_QUOTA_EXCEEDED = 406,
  PKS_ITEM_TOO_LARGE = 407,
  PKS_LONE_SURROGATE = 408, /* no text: read it in UTF-16 */
  PKS_VAULT_REFUSED = 409,
  PKS_KEY_NOT_LOST = 410, /* the vault opens: nothing is to be given up */

  /* The registry (domain PKS_DOMAIN_REGISTRY). */
  PKS_UNKNOWN_DEVICE = 500,
  PKS_DEVICE_REVOKED = 501,
  PKS_DEVICE_SUSPENDED = 502,
  PKS_DEVICE_INACTIVE = 503,
  PKS_NOT_BOUND = 504,
  PKS_SIGNATURE_INVALID = 505,
  PKS_CHALLENGE_MISSING = 506,
  PKS_CHALLENGE_UNKNOWN = 507,
  PKS_CHALLENGE_EXPIRED = 508,
  PKS_CHALLENGE_SPENT = 509,
  PKS_TICKET_UNKNOWN = 510,
  PKS_TICKET_EXPIRED = 511,
  PKS_TICKET_SPENT = 512,
  PKS_PLAN_STALE = 513, /* decide again */
  PKS_NOTHING_TO_COMPLETE = 514,
  PKS_POSSESSION_MISSING = 515,
  PKS_POSSESSION_FAILED = 516,
  PKS_PHONE_NUMBER_MISMATCH = 517,
  PKS_IDENTITY_MISMATCH = 518,
  PKS_NEW_KEY_MISSING = 519,
  PKS_NEW_KEY_MISMATCH = 520,
  PKS_CAP_REACHED = 521,
  PKS_SCOPE_MISMATCH = 522,
  PKS_CONTENTION = 523,
  PKS_OUTCOME_UNKNOWN = 524, /* the connection was lost while a write was committed */
  PKS_UNAVAILABLE = 525,     /* try again later */
  PKS_SCHEMA_OUTDATED = 526, /* migrate the store first */
  PKS_SET_DIGESTS_MISSING = 527,
  PKS_REGISTRY_REFUSED = 528
};

enum pks_domain {
  PKS_DOMAIN_NONE = 0,
  PKS_DOMAIN_CALL = 1,
  PKS_DOMAIN_MODEL = 2,
  PKS_DOMAIN_UNLOCK = 3,
  PKS_DOMAIN_FILE = 4,
  PKS_DOMAIN_VAULT = 5,
  PKS_DOMAIN_REGISTRY = 6
};

typedef struct pks_error {
  uint32_t size;
  pks_status code;  /* what the call returned */
  uint32_t domain;  /* a `pks_domain` */
  uint32_t unused;
  int64_t detail;   /* what the code says of it, else 0 */
  char message[256]; /* one line for people, ends with a NUL */
} pks_error;

/* The name of a code without PKS_, as in "WRONG_KEY"; "UNKNOWN" for none. Not to be freed. */
const char *pks_status_name(pks_status code);

/* ---- Handles ---------------------------------------------------------------------------------- */

typedef uint64_t pks_vault;
typedef uint64_t pks_storage;
typedef uint64_t pks_registry;
typedef uint64_t pks_reply;

/*
 * Closes any handle and gives up what it holds; calls under way finish or say PKS_CLOSED.
 * Closing 0 does nothing. Closing a vault ends its storages; they are to be closed all the same.
 * Errors: PKS_CLOSED when it was closed before, PKS_BAD_HANDLE, and of a file whose log could not be
 * moved into it: nothing is lost then, and the handle is closed.
 */
pks_status pks_close(uint64_t handle, pks_error *error);

/* ---- Unlocking -------------------------------------------------------------------------------- */

enum pks_method {
  PKS_METHOD_RAW_KEY = 1,    /* `secret`: 32 bytes */
  PKS_METHOD_PASSPHRASE = 2, /* `secret`: 1 to 1,024 bytes of UTF-8; stretched by Argon2id */
  PKS_METHOD_KEY_FILE = 3,   /* `path`: a file of 32 bytes, mode 0600 */
  PKS_METHOD_PROVIDER = 4,   /* `provider`: a key store outside, through callbacks */
  PKS_METHOD_ENTANGLED = 5,  /* only told, in `detail`: the store wants an `entangled_folder` too */
  PKS_METHOD_KEYRING = 6,    /* `keyring`: a key in the Linux kernel's keyring */
  PKS_METHOD_PROGRAM = 7     /* `program`: a program that wraps and unwraps */
};

/*
 * The last two are providers of the library's own: what a store says of itself (`unlock_method`, and
 * `detail` of PKS_WRONG_UNLOCK_METHOD) is PKS_METHOD_PROVIDER for them too.
 */

/* What a provider's callback answers. */
enum pks_provider_answer {
  PKS_PROVIDER_OK = 0,
  PKS_PROVIDER_KEY_GONE = 1,
  PKS_PROVIDER_CANCELLED = 2,
  PKS_PROVIDER_UNREACHABLE = 3,
  PKS_PROVIDER_ERROR = 4 /* or any other value */
};

/*
 * A key store outside (a KMS, a TPM, a keychain) that wraps one 32-byte key. Its callbacks run only
 * during the call that the `pks_unlock` is given to, on its thread, under no lock.
 */
typedef struct pks_provider {
  uint32_t size;
  uint32_t unused;
  const char *name; /* 1 to 64 printable ASCII characters, kept in the store's header */
  void *context;    /* handed to the callbacks */
  /* Encrypts `key` (guarded memory, read only, gone after the call) and authenticates `binding`
   * with it. Writes at most `*wrapped_length` (4,096) bytes to `wrapped` and their number there. */
  int32_t (*wrap)(void *context, const uint8_t *key, size_t key_length, const uint8_t *binding,
                  size_t binding_length, uint8_t *wrapped, size_t *wrapped_length);
  /* Decrypts what `wrap` wrote, given the same `binding`, into `key`: guarded memory of
   * `key_length` (32) bytes that it must fill. */
  int32_t (*unwrap)(void *context, const uint8_t *wrapped, size_t wrapped_length,
                    const uint8_t *binding, size_t binding_length, uint8_t *key,
                    size_t key_length);
} pks_provider;

enum pks_keyring_kind {
  PKS_KEYRING_USER = 1,      /* all processes of the user, until the last one ends or a restart */
  PKS_KEYRING_SESSION = 2,   /* the login session, until it ends */
  PKS_KEYRING_PERSISTENT = 3 /* all processes of the user, until some days without use or a restart */
};

/* A 32-byte key in the Linux kernel's keyring, found by its description. */
typedef struct pks_keyring {
  uint32_t size;
  uint32_t kind;           /* a `pks_keyring_kind` */
  const char *description; /* 1 to 255 printable ASCII characters; can be seen in /proc/keys */
} pks_keyring;

/*
 * A program that is started, without a shell, whenever a key is to be wrapped or unwrapped;
 * docs/unlocking.md has the line that it reads and the one that it answers.
 */
typedef struct pks_program {
  uint32_t size;
  uint32_t time_limit_milliseconds; /* 1 to 600,000, after which it is killed; 0 for 30,000 */
  const char *name; /* 1 to 64 printable ASCII characters, kept in the store's header; NULL for "program" */
  const char *const *arguments;   /* its absolute path, its arguments, NULL: at most 256 */
  const char *const *environment; /* all that it finds in its environment, as "NAME=value", then NULL, at
                                   * most 256; NULL for PATH=/usr/bin:/bin alone */
} pks_program;

typedef struct pks_unlock {
  uint32_t size;
  uint32_t method;                /* a `pks_method`; the other fields are 0 but for its own */
  const void *secret;
  size_t secret_length;
  const char *path;
  const pks_provider *provider;
  const char *entangled_folder;   /* NULL, or a folder whose random value must be there too */
  const pks_keyring *keyring;
  const pks_program *program;
} pks_unlock;

/* Makes a key file of 32 random bytes and mode 0600, durable when this returns. What stands at the
 * path already is PKS_ALREADY_EXISTS. */
pks_status pks_key_file_create(const char *path, pks_error *error);

/*
 * Puts a key into the keyring: a random one that nobody else has for NULL, else 32 bytes that are
 * kept elsewhere, as after a restart. A key that is there is never replaced: PKS_ALREADY_EXISTS.
 * Errors: PKS_PROVIDER_UNAVAILABLE where there is no keyring, or a container may not use it.
 */
pks_status pks_keyring_create(const pks_keyring *keyring, const void *key, size_t key_length,
                              pks_error *error);

/* Revokes the key for everybody: what it wrapped is lost. PKS_NOT_FOUND when there was none. */
pks_status pks_keyring_remove(const pks_keyring *keyring, pks_error *error);

/* ---- The vault -------------------------------------------------------------------------------- */

enum pks_access { PKS_OPEN_OR_CREATE = 0, PKS_CREATE = 1, PKS_OPEN_EXISTING = 2 };
enum pks_mode { PKS_EXCLUSIVE = 0, PKS_SHARED = 1 };
enum pks_build_config { PKS_US_UAT = 1, PKS_US_PROD = 2, PKS_EU_UAT = 3, PKS_EU_PROD = 4 };
enum pks_algorithm { PKS_ED25519 = 1, PKS_ES256 = 2 };
enum pks_key_state { PKS_KEY_PENDING = 1, PKS_KEY_PLACED = 2 };

/* Room for an id or origin of 255 bytes and its NUL. */
#define PKS_ID_SIZE 256
/* Room for the longest assertion. */
#define PKS_ASSERTION_SIZE 512
/* Room for the longest public key: 32 bytes of Ed25519; 65 of P-256, uncompressed. */
#define PKS_PUBLIC_KEY_SIZE 65
/* Room for a phone number: `+`, 15 digits, NUL. */
#define PKS_PHONE_SIZE 17

typedef struct pks_vault_options {
  uint32_t size;
  uint32_t access;         /* a `pks_access` */
  uint32_t mode;           /* a `pks_mode` */
  uint32_t unused;
  const char *anchor_path; /* NULL, or a file elsewhere that remembers how far the vault had come */
} pks_vault_options;

/* The public half of a key and what is known of it. Times are milliseconds since 1970, UTC. */
typedef struct pks_key {
  uint32_t size;
  uint32_t state;        /* a `pks_key_state` */
  uint32_t algorithm;    /* a `pks_algorithm` */
  uint32_t build_config; /* a `pks_build_config` */
  int64_t created_at;
  int64_t confirmed_at;  /* 0 while pending */
  uint32_t public_key_length;
  uint8_t public_key[PKS_PUBLIC_KEY_SIZE];
  char device_id[PKS_ID_SIZE];
  char origin[PKS_ID_SIZE];
} pks_key;

/* A key that a device offers for registration, with proof over the server's challenge. */
typedef struct pks_new_key {
  uint32_t size;
  uint32_t algorithm;
  uint32_t public_key_length;
  uint32_t proof_length;
  uint8_t public_key[PKS_PUBLIC_KEY_SIZE];
  uint8_t proof[PKS_ASSERTION_SIZE]; /* an encoded assertion */
  char device_id[PKS_ID_SIZE];
} pks_new_key;

typedef struct pks_vault_facts {
  uint32_t size;
  uint32_t format;
  uint32_t mode;
  uint32_t unlock_method; /* a `pks_method` */
  uint32_t is_entangled;
  uint32_t epoch;         /* whose data key seals new records */
  uint32_t epoch_count;
  uint32_t unused;
  uint64_t generation;
  uint64_t records;
  uint64_t keys;
  int64_t file_bytes;
} pks_vault_facts;

typedef struct pks_vault_report {
  uint32_t size;
  uint32_t is_sound;
  uint64_t records;
  uint64_t keys;
  uint64_t problem_count; /* `pks_vault_request` with "vault.verify" lists them */
} pks_vault_report;

typedef struct pks_rotation {
  uint32_t size;
  uint32_t epoch;
  uint64_t resealed;
  uint32_t retired_count; /* epochs whose data keys were given up */
  uint32_t is_resumed;
  uint32_t is_complete;
  uint32_t unused;
} pks_rotation;

typedef struct pks_backup {
  uint32_t size;
  uint32_t unused;
  uint64_t generation;
  uint64_t records;
  uint64_t keys;
  int64_t file_bytes;
} pks_backup;

typedef struct pks_destruction {
  uint32_t size;
  uint32_t data_keys;
  uint64_t generation;
  uint64_t records;
  uint64_t keys;
  uint64_t overwritten_bytes;
} pks_destruction;

typedef struct pks_compaction {
  uint32_t size;
  uint32_t is_log_empty; /* not while another process reads it */
  int64_t file_bytes_before;
  int64_t file_bytes;
} pks_compaction;

/* Told how far long work has come; answers 0 to go on, anything else to stop. */
typedef int32_t (*pks_progress)(void *context, uint64_t done, uint64_t total);

/* Opens the vault at `path`. `options` may be NULL: open or create, exclusive, no anchor. */
pks_status pks_vault_open(const char *path, const pks_unlock *unlock,
                          const pks_vault_options *options, pks_vault *vault, pks_error *error);

/* Facts about the vault that tell nothing of its content. */
pks_status pks_vault_info(pks_vault vault, pks_vault_facts *facts, pks_error *error);

/*
 * Makes a pending key of a scope (build config and origin), or gives the one that is pending.
 * `device_id` is NULL for a random one, or the id of a registration that is recovered.
 */
pks_status pks_vault_place_key(pks_vault vault, uint32_t build_config, const char *origin,
                               const char *device_id, pks_key *key, pks_error *error);

/* What to send to the server for the scope's pending key. PKS_NOT_FOUND when none is pending. */
pks_status pks_vault_offer(pks_vault vault, uint32_t build_config, const char *origin,
                           const uint8_t *challenge, size_t challenge_length,
                           pks_new_key *new_key, pks_error *error);

/* The server has answered: the pending key becomes a placed one. `key` may be NULL. */
pks_status pks_vault_confirm_key(pks_vault vault, uint32_t build_config, const char *origin,
                                 const char *device_id, pks_key *key, pks_error *error);

/* The key of an id: the placed one, else the pending one, else PKS_NOT_FOUND. */
pks_status pks_vault_key(pks_vault vault, const char *device_id, pks_key *key, pks_error *error);

/* The scope's key to use: placed last, else pending, else PKS_NOT_FOUND. */
pks_status pks_vault_current_key(pks_vault vault, uint32_t build_config, const char *origin,
                                 pks_key *key, pks_error *error);

/*
 * All keys of a scope, latest first, at most 1,000. `keys[0].size` counts for all. `*count` is how
 * many there are, also when the buffer is too small.
 */
pks_status pks_vault_keys(pks_vault vault, uint32_t build_config, const char *origin,
                          pks_key *keys, size_t capacity, size_t *count, pks_error *error);

/*
 * Signs a challenge of 16 to 255 bytes: an encoded assertion (PKS_ASSERTION_SIZE is enough). A buffer
 * that is too small uses no counter up.
 */
pks_status pks_vault_sign(pks_vault vault, const char *device_id, const uint8_t *challenge,
                          size_t challenge_length, uint8_t *assertion, size_t capacity,
                          size_t *length, pks_error *error);

/* Removes the placed and the pending key of an id. PKS_NOT_FOUND when there was neither. */
pks_status pks_vault_remove_key(pks_vault vault, const char *device_id, pks_error *error);

/* Removes the scope's pending key only. PKS_NOT_FOUND when none is pending. */
pks_status pks_vault_discard_pending_key(pks_vault vault, uint32_t build_config,
                                         const char *origin, pks_error *error);

/* Walks everything in the vault; other calls wait meanwhile. */
pks_status pks_vault_verify(pks_vault vault, pks_vault_report *report, pks_error *error);

/* Locks the vault with another method; the old one then opens it no longer. */
pks_status pks_vault_rewrap(pks_vault vault, const pks_unlock *unlock, pks_error *error);

/*
 * Seals every record under a new data key while others go on. `progress` may be NULL; when it stops
 * the work the call says PKS_CANCELLED, fills `rotation` all the same, and another call goes on.
 */
pks_status pks_vault_rotate(pks_vault vault, pks_progress progress, void *context,
                            pks_rotation *rotation, pks_error *error);

/* Copies the vault into a new file while others go on. What `progress` answers is ignored. */
pks_status pks_vault_backup(pks_vault vault, const char *path, pks_progress progress,
                            void *context, pks_backup *backup, pks_error *error);

/* Gives free pages back to the file system while others go on. What `progress` answers is ignored. */
pks_status pks_vault_compact(pks_vault vault, pks_progress progress, void *context,
                             pks_compaction *compaction, pks_error *error);

/*
 * Gives up a vault whose key is lost, when opening it says PKS_KEY_LOST, and opens an empty one in its
 * place. `unlock` is the method whose key is lost, `next` what the new vault is locked with: NULL for
 * `unlock` again. Of `options`, which may be NULL, `mode` and `anchor_path` count. `overwritten_bytes`
 * (NULL or a place) says how much of the old file was overwritten. After a crash, call it again.
 * Errors: PKS_KEY_NOT_LOST when the vault opens.
 */
pks_status pks_vault_reset(const char *path, const pks_unlock *unlock, const pks_unlock *next,
                           const pks_vault_options *options, pks_vault *vault,
                           uint64_t *overwritten_bytes, pks_error *error);

/* What was read out of a damaged vault. */
typedef struct pks_salvage {
  uint32_t size;
  uint32_t is_whole; /* nothing was lost or put back; else what was saved is genuine, but may be older */
  uint64_t records;  /* rows that opened */
  uint64_t keys;
  uint64_t storage_items;
  uint64_t databases;
  uint64_t database_rows;
  uint64_t loss_count;
} pks_salvage;

/*
 * Reads out of a damaged vault, which nobody may have open, what is genuine. The file is not changed.
 * `target` is NULL for a report only, or where a new vault with the rest is made and left closed;
 * nothing may stand there. `next` is what the new vault is locked with, NULL for `unlock` again.
 * `origins` (NULL for none; at most 1,000) are to be looked for although the vault has lost the record
 * that names them. `losses` (NULL or a place) gets a reply to read and close: what was lost, a line
 * each, at most 100, without names. Errors: those of opening when not even the header opens; no new
 * vault is left then.
 */
pks_status pks_vault_salvage(const char *path, const pks_unlock *unlock, const char *target,
                             const pks_unlock *next, const char *const *origins,
                             size_t origin_count, pks_salvage *salvage, pks_reply *losses,
                             pks_error *error);

/* Erases the vault for good, and closes it also when it fails; the handle is still to be closed. */
pks_status pks_vault_destroy(pks_vault vault, pks_destruction *destruction, pks_error *error);

/* ---- Requests in JSON: databases and the rest -------------------------------------------------- */

/*
 * Answers one request of `provekey vault shell`: docs/shell.md has its 33 operations, those of
 * databases (the IndexedDB role) among them; "database.transaction" runs a list of operations as one
 * transaction, all or none. Requests of one vault handle take turns, and databases that they open
 * stay open until it is closed. PKS_OK says that there is an answer; the answer says whether the
 * request was carried out. Read it with `pks_reply_read`, and close it.
 */
pks_status pks_vault_request(pks_vault vault, const char *request, size_t request_length,
                             pks_reply *reply, pks_error *error);

/* Copies a reply, UTF-8 without a NUL; as often as wanted. */
pks_status pks_reply_read(pks_reply reply, char *buffer, size_t capacity, size_t *length,
                          pks_error *error);

/* ---- localStorage ----------------------------------------------------------------------------- */

/* The quota of 5,242,880 code units. */
#define PKS_DEFAULT_QUOTA (-1)

/* The names and values of one origin. `quota` is in UTF-16 code units. */
pks_status pks_storage_open(pks_vault vault, const char *origin, int64_t quota,
                            pks_storage *storage, pks_error *error);

/* How many items there are. */
pks_status pks_storage_count(pks_storage storage, size_t *count, pks_error *error);

/* Removes all items in one transaction. */
pks_status pks_storage_clear(pks_storage storage, pks_error *error);

/* The value of a key, or PKS_NOT_FOUND. In UTF-16 code units, lone surrogates and NULs included;
 * lengths count code units. */
pks_status pks_storage_get16(pks_storage storage, const uint16_t *key, size_t key_length,
                             uint16_t *value, size_t capacity, size_t *length, pks_error *error);
/* Writes an item, or changes its value. PKS_QUOTA_EXCEEDED when there is no room for it. */
pks_status pks_storage_set16(pks_storage storage, const uint16_t *key, size_t key_length,
                             const uint16_t *value, size_t value_length, pks_error *error);
/* Removes an item; PKS_OK too when there was none. */
pks_status pks_storage_remove16(pks_storage storage, const uint16_t *key, size_t key_length,
                                pks_error *error);
/* The key at a place in the order of keys; PKS_NOT_FOUND beyond the last. */
pks_status pks_storage_key16(pks_storage storage, size_t index, uint16_t *key, size_t capacity,
                             size_t *length, pks_error *error);

/* The same four in UTF-8; lengths count bytes, results end with no NUL. What is stored and is no text
 * says PKS_LONE_SURROGATE. */
pks_status pks_storage_get(pks_storage storage, const char *key, size_t key_length, char *value,
                           size_t capacity, size_t *length, pks_error *error);
pks_status pks_storage_set(pks_storage storage, const char *key, size_t key_length,
                           const char *value, size_t value_length, pks_error *error);
pks_status pks_storage_remove(pks_storage storage, const char *key, size_t key_length,
                              pks_error *error);
pks_status pks_storage_key(pks_storage storage, size_t index, char *key, size_t capacity,
                           size_t *length, pks_error *error);

/* ---- Assertions and phone numbers -------------------------------------------------------------- */

typedef struct pks_assertion {
  uint32_t size;
  uint32_t has_counter;
  uint32_t has_vault_state;
  uint32_t unused;
  uint64_t counter;
  uint64_t generation;
  uint8_t digest[32];
  uint8_t signature[64];
  char device_id[PKS_ID_SIZE];
} pks_assertion;

/* Reads the wire form of an assertion; says nothing of its signature. */
pks_status pks_assertion_parse(const uint8_t *encoded, size_t encoded_length,
                               pks_assertion *assertion, pks_error *error);

/*
 * Checks the signature of an encoded assertion over a challenge: PKS_OK or PKS_SIGNATURE_INVALID. A
 * registry checks more: `pks_registry_decide`.
 */
pks_status pks_assertion_verify(const uint8_t *encoded, size_t encoded_length, uint32_t algorithm,
                                const uint8_t *public_key, size_t public_key_length,
                                const uint8_t *challenge, size_t challenge_length,
                                pks_error *error);

/* `detail` of PKS_PHONE_NUMBER. */
enum pks_phone_problem {
  PKS_PHONE_EMPTY = 1,
  PKS_PHONE_CHARACTER = 2,
  PKS_PHONE_LETTERS = 3,
  PKS_PHONE_MISPLACED_PLUS = 4,
  PKS_PHONE_COUNTRY_CODE_MISSING = 5,
  PKS_PHONE_COUNTRY_CODE_ZERO = 6,
  PKS_PHONE_TOO_SHORT = 7,
  PKS_PHONE_TOO_LONG = 8,
  PKS_PHONE_NORTH_AMERICA_LENGTH = 9
};

/* Writes a phone number in E.164 with a NUL, as in "+12001004014"; `*length` is without the NUL, the
 * capacity needed is one more. PKS_PHONE_SIZE is always enough. */
pks_status pks_phone_normalise(const char *text, char *buffer, size_t capacity, size_t *length,
                               pks_error *error);

/* ---- The registry ----------------------------------------------------------------------------- */

enum pks_binding_age { PKS_BINDING_AGE_IGNORED = -1, PKS_BINDING_AGE_ALWAYS_TOO_OLD = 0 };
enum pks_selection { PKS_SELECT_MOST_RECENT = 0, PKS_SELECT_NONE = 1 };
enum pks_clone_response { PKS_CLONE_REQUIRE_POSSESSION = 0, PKS_CLONE_REJECT = 1 };
enum pks_cap { PKS_CAP_NONE = 0, PKS_CAP_REFUSE = 1, PKS_CAP_SUPERSEDE_OLDEST = 2 };

/* The integrator's choices; `pks_policy_default` fills in Prove's behaviour with our defaults. */
typedef struct pks_policy {
  uint32_t size;
  uint32_t version;                   /* chosen by the integrator, kept with every event */
  uint32_t inactivity_months;         /* 1 to 120 */
  uint32_t key_persistence;           /* whether a visitor ID may recover at all */
  int64_t maximum_binding_age_seconds; /* a `pks_binding_age`, or seconds */
  double minimum_visitor_confidence;  /* 0 to 1 */
  uint32_t selection;                 /* a `pks_selection` */
  uint32_t recovers_by_visitor_alone;
  uint32_t clone_response;            /* a `pks_clone_response` */
  uint32_t registration_cap_kind;     /* a `pks_cap` */
  uint32_t registration_cap;          /* 1 to 10,000 */
  uint32_t keeps_every_decision;      /* else changes, refusals and demands */
  int64_t last_authenticated_granularity_seconds; /* 0 to 86,400 */
  int64_t event_detail_days;          /* 1 to 36,500; -1 for as long as the person is */
} pks_policy;

/* Fills in Prove's behaviour with our defaults; change what you want otherwise. */
pks_status pks_policy_default(pks_policy *policy, pks_error *error);

typedef struct pks_registry_options {
  uint32_t size;
  uint32_t access;          /* a `pks_access` */
  const char *store;        /* "sqlite:PATH", or "postgresql://..." as libpq has it */
  const pks_unlock *unlock;
  const char *tenant;
  uint32_t build_config;
  uint32_t mode;            /* a `pks_mode`; of PostgreSQL always PKS_SHARED */
  const pks_policy *policy; /* NULL for the default */
} pks_registry_options;

enum pks_state {
  PKS_STATE_NONE = 0, /* there is no registration */
  PKS_STATE_PLACED = 1,
  PKS_STATE_BOUND = 2,
  PKS_STATE_UNBOUND = 3,
  PKS_STATE_REVOKED = 4
};
enum pks_device_kind { PKS_DEVICE_WEB = 1, PKS_DEVICE_MOBILE = 2 };

/* A registration. Texts that it has none of are empty; times that it has none of are 0. */
typedef struct pks_registration {
  uint32_t size;
  uint32_t state;         /* a `pks_state` */
  uint32_t is_suspended;
  uint32_t is_inactive;   /* by the registry's policy, now */
  uint32_t device_kind;   /* a `pks_device_kind` */
  uint32_t algorithm;
  uint64_t version;
  int64_t placed_at;
  int64_t bound_at;
  int64_t last_authenticated_at;
  int64_t revoked_at;
  int64_t becomes_inactive_at;
  uint32_t public_key_length;
  uint8_t public_key[PKS_PUBLIC_KEY_SIZE];
  char phone_number[PKS_PHONE_SIZE]; /* bound now, or last */
  char device_id[PKS_ID_SIZE];
  char prove_id[PKS_ID_SIZE];
  char visitor_id[PKS_ID_SIZE];
  char client_customer_id[PKS_ID_SIZE];
  char client_human_id[PKS_ID_SIZE];
  char device_name[PKS_ID_SIZE];
} pks_registration;

/* Opens or creates a registry; the first opening settles whose it is. */
pks_status pks_registry_open(const pks_registry_options *options, pks_registry *registry,
                             pks_error *error);

/* Bytes of a registry's challenge. */
#define PKS_CHALLENGE_SIZE 40

/* Makes a challenge for a device to sign: answered once, within 15 minutes. Writes nothing. */
pks_status pks_registry_challenge(pks_registry registry, uint8_t *challenge, size_t capacity,
                                  size_t *length, pks_error *error);

/* Reads one registration, whatever its state; PKS_NOT_FOUND when there is none. */
pks_status pks_registry_resolve(pks_registry registry, const char *device_id,
                                pks_registration *registration, pks_error *error);

/* Reads 1 to 1,000 into as many structs, in their order; state PKS_STATE_NONE where there is none.
 * `registrations[0].size` counts for all. */
pks_status pks_registry_resolve_many(pks_registry registry, const char *const *device_ids,
                                     size_t count, pks_registration *registrations,
                                     pks_error *error);

/* The live, bound registrations of a visitor, latest first, at most `capacity` (1 to 1,000).
 * `phone_number` may be NULL. */
pks_status pks_registry_candidates(pks_registry registry, const char *visitor_id,
                                   const char *phone_number, pks_registration *registrations,
                                   size_t capacity, size_t *count, pks_error *error);

enum pks_subject {
  PKS_SUBJECT_PHONE_NUMBER = 1,
  PKS_SUBJECT_PROVE_ID = 2,
  PKS_SUBJECT_CLIENT_CUSTOMER_ID = 3,
  PKS_SUBJECT_CLIENT_HUMAN_ID = 4,
  PKS_SUBJECT_DEVICE_ID = 5
};

/* Room for the place where a listing goes on. */
#define PKS_CURSOR_SIZE 72

typedef struct pks_cursor {
  uint32_t size;
  uint32_t is_at_end; /* set by the call: there is no more */
  char text[PKS_CURSOR_SIZE]; /* empty to begin */
} pks_cursor;

/* Exports what is held on a subject, page by page (1 to 1,000): its registrations, latest used first
 * within a page; `pks_registry_events` has what happened to each. None is missed that is used between
 * two pages. */
pks_status pks_registry_export(pks_registry registry, uint32_t subject, const char *value,
                               pks_cursor *cursor, pks_registration *registrations,
                               size_t capacity, size_t *count, pks_error *error);

typedef struct pks_event {
  uint32_t size;
  uint32_t row;            /* of the decision table, 0 for none */
  uint64_t sequence;       /* from 1 */
  int64_t at;
  uint32_t policy_version;
  uint32_t has_detail;     /* a note or decision is kept with it, and was not erased */
  char kind[32];           /* as in "bound" */
  char reason[64];
  char actor[PKS_ID_SIZE];
} pks_event;

/* Reads events of a registration in order, after a sequence number (0 for the first); at most
 * `capacity` (1 to 1,000). */
pks_status pks_registry_events(pks_registry registry, const char *device_id, uint64_t after,
                               pks_event *events, size_t capacity, size_t *count,
                               pks_error *error);

enum pks_channel { PKS_CHANNEL_MOBILE = 1, PKS_CHANNEL_DESKTOP = 2, PKS_CHANNEL_NONE = 3 };

/* What an authentication asks for. Texts may be NULL. */
typedef struct pks_request {
  uint32_t size;
  uint32_t channel; /* a `pks_channel` */
  uint32_t rebind;
  uint32_t unused;
  const char *phone_number;
  const char *prove_id;
  const char *stored_device_id;
  const char *visitor_id;
  double visitor_confidence; /* 0 to 1; with `visitor_id` only */
  const char *client_customer_id;
  const char *client_human_id;
  const uint8_t *assertion; /* NULL, or the encoded assertion of the key that is presented */
  size_t assertion_length;
  const uint8_t *challenge; /* the challenge that it answers */
  size_t challenge_length;
} pks_request;

enum pks_outcome {
  PKS_AUTHENTICATE = 1,       /* the key is enough */
  PKS_RECOVER = 2,            /* restored under a new key, which `pks_registry_complete` needs */
  PKS_REQUIRE_POSSESSION = 3, /* check possession, then complete */
  PKS_REJECT = 4
};
enum pks_action {
  PKS_ACTION_NONE = 0,
  PKS_ACTION_PLACE = 1, /* a new key is needed */
  PKS_ACTION_BIND = 2,
  PKS_ACTION_REBIND = 3,
  PKS_ACTION_REKEY = 4 /* a new key of the same id is needed */
};

typedef struct pks_decision {
  uint32_t size;
  uint32_t row;       /* D1 to D19 of the decision table */
  uint32_t outcome;   /* a `pks_outcome` */
  uint32_t action;    /* a `pks_action`, of PKS_REQUIRE_POSSESSION */
  uint32_t wire_code; /* Prove's error code of a refusal that has one, as 8019; else 0 */
  uint32_t candidate_count; /* how many fitted, where the reason is "ambiguous" */
  char reason[64];    /* as in "keyInactive"; empty where there is none */
  char device_id[PKS_ID_SIZE]; /* the registration it is about; empty for none */
} pks_decision;

/* Room for the longest ticket and its NUL. */
#define PKS_TICKET_SIZE 4096

/*
 * Decides a request. `ticket` (at least PKS_TICKET_SIZE bytes) gets what the decision is completed
 * with, a text with a NUL; an empty one for a refusal. A smaller buffer decides nothing.
 */
pks_status pks_registry_decide(pks_registry registry, const pks_request *request,
                               pks_decision *decision, char *ticket, size_t ticket_capacity,
                               pks_error *error);

typedef struct pks_possession {
  uint32_t size;
  uint32_t passed;          /* 0: the check failed */
  const char *phone_number; /* whose possession was proven */
  const char *prove_id;     /* NULL when not known */
} pks_possession;

/*
 * Lets a decision take effect, in one transaction. `possession`, and `new_key` with its
 * `challenge`, are NULL where the decision needs none; `registration` may be NULL, and has
 * PKS_STATE_NONE for a desktop.
 */
pks_status pks_registry_complete(pks_registry registry, const char *ticket,
                                 const pks_possession *possession, const pks_new_key *new_key,
                                 const uint8_t *challenge, size_t challenge_length,
                                 pks_registration *registration, pks_error *error);

/* Places the key of a decision before possession is known; `next_ticket` (PKS_TICKET_SIZE) binds. */
pks_status pks_registry_place_early(pks_registry registry, const char *ticket,
                                    const pks_new_key *new_key, const uint8_t *challenge,
                                    size_t challenge_length, pks_registration *registration,
                                    char *next_ticket, size_t ticket_capacity, pks_error *error);

/* Uses a ticket up without effect. */
pks_status pks_registry_withdraw(pks_registry registry, const char *ticket, pks_error *error);

/* A key to be registered outside a flow. Texts may be NULL. */
typedef struct pks_placing {
  uint32_t size;
  uint32_t device_kind; /* a `pks_device_kind` */
  const pks_new_key *new_key;
  const uint8_t *challenge; /* that its proof answers */
  size_t challenge_length;
  const char *device_name;
  const char *visitor_id;
  const char *client_customer_id;
  const char *client_human_id;
} pks_placing;

/* The changes below are kept as events. `actor` says who acts, NULL for "operator"; `reason` goes
 * into the event, NULL for none; `registration`, which may be NULL, gets what is registered then. */

/* Registers a key outside a flow. */
pks_status pks_registry_place(pks_registry registry, const pks_placing *placing, const char *actor,
                              pks_registration *registration, pks_error *error);
/* Binds a placed or unbound key to a number whose possession you vouch for. `prove_id` may be NULL. */
pks_status pks_registry_bind(pks_registry registry, const char *device_id,
                             const char *phone_number, const char *prove_id, const char *actor,
                             pks_registration *registration, pks_error *error);
/* Binds a bound key to another number, else as the call above. */
pks_status pks_registry_rebind(pks_registry registry, const char *device_id,
                               const char *phone_number, const char *prove_id, const char *actor,
                               pks_registration *registration, pks_error *error);
/* Takes the binding of a key away; it can be bound again. */
pks_status pks_registry_unbind(pks_registry registry, const char *device_id, const char *reason,
                               const char *actor, pks_registration *registration,
                               pks_error *error);
/* Bars a key from use until it is resumed. */
pks_status pks_registry_suspend(pks_registry registry, const char *device_id, const char *reason,
                                const char *actor, pks_registration *registration,
                                pks_error *error);
/* Lets a suspended key be used again. */
pks_status pks_registry_resume(pks_registry registry, const char *device_id, const char *reason,
                               const char *actor, pks_registration *registration,
                               pks_error *error);
/* Puts a new key in the place of a registration's old one; it keeps the id (R13). */
pks_status pks_registry_rekey(pks_registry registry, const pks_new_key *new_key,
                              const uint8_t *challenge, size_t challenge_length,
                              const char *actor, pks_registration *registration,
                              pks_error *error);
/* Gives the device a name of at most 255 bytes; NULL takes its name away. */
pks_status pks_registry_rename(pks_registry registry, const char *device_id, const char *name,
                               const char *actor, pks_registration *registration,
                               pks_error *error);
/* Notes an authentication that was decided elsewhere: the months of inactivity count anew (R5).
 * `pks_registry_complete` does so by itself. */
pks_status pks_registry_record_authentication(pks_registry registry, const char *device_id,
                                              const char *actor, pks_registration *registration,
                                              pks_error *error);
/* Takes the bindings of all devices of a subject away. `count` (NULL or a place) says how many were
 * bound. Each device is a transaction of its own: after a failure, call it again. */
pks_status pks_registry_unbind_all(pks_registry registry, uint32_t subject, const char *value,
                                   const char *reason, const char *actor, uint64_t *count,
                                   pks_error *error);
/* Notes that a number is out of service: its keys then need a rebind (D19). Else as the call above. */
pks_status pks_registry_disconnect(pks_registry registry, const char *phone_number,
                                   const char *actor, uint64_t *count, pks_error *error);
/* Disables a key for good. `was_revoked` (NULL or a place) says whether it was already. */
pks_status pks_registry_revoke(pks_registry registry, const char *device_id, const char *reason,
                               const char *actor, uint32_t *was_revoked, pks_error *error);

typedef struct pks_erasure {
  uint32_t size;
  uint32_t unused;
  int64_t erased_at;
  uint64_t registrations;
  uint64_t details;
  uint64_t items;
} pks_erasure;

/* Erases what is held on a subject; `erasure` is a receipt without anything personal. */
pks_status pks_registry_erase(pks_registry registry, uint32_t subject, const char *value,
                              const char *actor, pks_erasure *erasure, pks_error *error);

typedef struct pks_sweep {
  uint32_t size;
  uint32_t is_complete; /* else the limit left more to do */
  uint64_t deactivated;
  uint64_t items_removed;
  uint64_t details_erased;
} pks_sweep;

/* Notes what has become inactive and removes what has expired, at most `limit` (1 or more) of each. */
pks_status pks_registry_sweep(pks_registry registry, uint64_t limit, pks_sweep *sweep,
                              pks_error *error);

/* How much there is. */
typedef struct pks_registry_facts {
  uint32_t size;
  uint32_t unused;
  uint64_t placed; /* registrations by state */
  uint64_t bound;
  uint64_t unbound;
  uint64_t revoked;
  uint64_t events;
  uint64_t items;     /* challenges, tickets and what else expires */
  int64_t file_bytes; /* -1 where it is not known */
} pks_registry_facts;

/* Counts what there is; may be read while others write. */
pks_status pks_registry_info(pks_registry registry, pks_registry_facts *facts, pks_error *error);

typedef struct pks_registry_report {
  uint32_t size;
  uint32_t is_sound;
  uint64_t registrations;
  uint64_t events;
  uint32_t has_set_digests; /* without them a deleted or older row may go unnoticed */
  uint32_t problem_count;   /* at most 100 are counted */
} pks_registry_report;

/*
 * Opens every registration and every event, and checks chains, counts and set digests; nobody should
 * write meanwhile. `problems` (NULL or a place) gets a reply to read and close: what is wrong, a line
 * each, without ids. What `progress` answers is ignored.
 */
pks_status pks_registry_verify(pks_registry registry, pks_progress progress, void *context,
                               pks_registry_report *report, pks_reply *problems,
                               pks_error *error);

typedef struct pks_replay {
  uint32_t size;
  uint32_t agrees; /* whether every decision was reproduced */
  uint64_t events;
  uint64_t decisions; /* whose facts are still there */
  uint64_t reproduced;
  uint64_t erased; /* decisions whose facts are gone */
} pks_replay;

/* Decides every kept decision again from its facts, and compares. */
pks_status pks_registry_replay(pks_registry registry, pks_replay *replay, pks_error *error);

typedef struct pks_registry_copy {
  uint32_t size;
  uint32_t unused;
  uint64_t registrations;
  uint64_t events;
  int64_t file_bytes;
} pks_registry_copy;

/* Copies a registry on SQLite into a new file while others go on, and verifies the copy. On PostgreSQL
 * PKS_UNSUPPORTED: use its own tools. What `progress` answers is ignored. */
pks_status pks_registry_backup(pks_registry registry, const char *path, pks_progress progress,
                               void *context, pks_registry_copy *copy, pks_error *error);

/* How far an export of all registrations has come. */
typedef struct pks_export_cursor {
  uint32_t size;
  uint32_t is_at_end;          /* set by the call: there is no more */
  char device_id[PKS_ID_SIZE]; /* the last one that was exported; empty to begin */
} pks_export_cursor;

/*
 * Gives the next of all registrations, whatever their state, as lines of JSON that another registry
 * imports: docs/registry-command.md has their members. They hold numbers and ids in the clear. `lines`
 * gets a reply to read and close, each line with its end; it is empty at the end. Others may write
 * meanwhile: each registration comes once, as it stands when it is read.
 */
pks_status pks_registry_export_lines(pks_registry registry, pks_export_cursor *cursor,
                                     pks_reply *lines, pks_error *error);

/* The longest line of an import, its end not counted. */
#define PKS_IMPORT_LINE_SIZE 32768

typedef struct pks_import {
  uint32_t size;
  uint32_t unused;
  uint64_t lines;     /* that were read */
  uint64_t imported;  /* that are registered now */
  uint64_t identical; /* that were registered already, the same */
  uint64_t refused;
} pks_import;

/*
 * Registers what an export wrote: whole lines, at most 33,554,432 bytes of them at once, the last with
 * or without its end. A longer file takes several calls. `actor` is who acts as the events name it, NULL
 * for "import". `refused` (NULL or a place) gets a reply to read and close: the lines that were not
 * taken, a line each, at most 1,000, as "3: 'placedAt' must be ...": the number within this call, from
 * 1, and a reason that repeats nothing of the line. Every 250 lines are a transaction: after a failure
 * call it again with all of them, what is there already is passed over.
 */
pks_status pks_registry_import_lines(pks_registry registry, const char *lines, size_t length,
                                     const char *actor, pks_import *report, pks_reply *refused,
                                     pks_error *error);

#ifdef __cplusplus
}
#endif

#endif
