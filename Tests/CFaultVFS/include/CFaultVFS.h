#ifndef PROVE_KEY_STORE_CFAULTVFS_H
#define PROVE_KEY_STORE_CFAULTVFS_H

// A file system for tests, between SQLite and the real one. It passes everything on, and for files
// under a watched folder it also
// - records each write, truncation, sync and removal, so that a test can build what a power cut at
//   any point would have left on disk;
// - fails the n-th operation, once or from then on.
// Files elsewhere are opened by the real file system and never seen again, so other tests in the
// process are not touched.

// What was recorded, or what may fail; as a bit mask where several are meant.
enum pks_operation {
  PKS_OPEN = 1,
  PKS_READ = 2,
  PKS_WRITE = 4,
  PKS_SYNC = 8,
  PKS_TRUNCATE = 16,
  PKS_SIZE = 32,
  PKS_LOCK = 64,
  PKS_DELETE = 128,
  PKS_ACCESS = 256,
  PKS_ALL = 511
};

typedef struct pks_event {
  int operation;
  // PKS_OPEN: whether the file was made; PKS_DELETE: whether the folder was synced;
  // PKS_SYNC: whether the folder is now synced too.
  long long detail;
  // PKS_WRITE: where; PKS_TRUNCATE: the new size.
  long long offset;
  long long count;
  // The file's name without the folder, valid while the folder is watched.
  const char *name;
  const unsigned char *bytes;
} pks_event;

typedef struct pks_folder pks_folder;

// Puts the file system in front of the default one, once a process; 0 when it is there.
int pks_faults_install(void);

// Watches the files under a folder (an absolute path without symbolic links); NULL without memory.
pks_folder *pks_watch(const char *folder, int records);

// Ends the watch. No file of the folder may be open any more.
void pks_unwatch(pks_folder *folder);

long pks_event_count(pks_folder *folder);
pks_event pks_event_at(pks_folder *folder, long index);

// Fails the `countdown`-th operation (from 1) of those in `operations`; `stays`: and every one of
// them after it. `full`: writes fail with SQLITE_FULL instead of SQLITE_IOERR_WRITE.
void pks_fail(pks_folder *folder, int operations, long countdown, int stays, int full);

// Nothing fails any more; gives how many operations did.
long pks_mend(pks_folder *folder);

// How many operations there have been since the watch began.
long pks_operation_count(pks_folder *folder);

// Puts a counter in front of SQLite's memory; to be called before SQLite is used in the process.
// 0 when it is there.
int pks_memory_install(void);

// Fails the `countdown`-th allocation of SQLite (from 1); `stays`: and every one after it; 0: none.
void pks_memory_fail(long countdown, int stays);

// How many allocations there have been since the last `pks_memory_fail`.
long pks_memory_count(void);

// How many allocations failed since the last `pks_memory_fail`.
long pks_memory_failures(void);

// Whether `wanted` stands among `bytes`: for searches through all memory of a process.
int pks_contains(const void *bytes, long count, const void *wanted, long wanted_count);

// Runs SQL on a file with SQLite as it comes: no setting of ours is in the way. SQLite's result.
int pks_execute(const char *path, const char *sql);

#endif
