// See CFaultVFS.h.
#include "CFaultVFS.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

struct pks_folder {
  pks_folder *next;
  char *path;
  size_t path_count;
  int records;
  // What the countdown counts, and what becomes of it at 0.
  int operations;
  long countdown;
  int stays;
  int full;
  long failures;
  long operation_count;
  pks_event *events;
  long event_count;
  long event_capacity;
};

typedef struct file {
  sqlite3_file base;
  pks_folder *folder;
  const char *name;  // the folder's own copy
  int folder_needs_sync;
  sqlite3_file *real;  // stands behind this structure
} file;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pks_folder *folders;
static sqlite3_vfs *real_vfs;
static sqlite3_vfs fault_vfs;
static int is_installed;

static pks_folder *folder_of(const char *path) {
  if (!path) return NULL;
  pthread_mutex_lock(&lock);
  pks_folder *found = folders;
  while (found && strncmp(path, found->path, found->path_count) != 0) found = found->next;
  pthread_mutex_unlock(&lock);
  return found;
}

// Counts an operation; whether it has to fail.
static int fails(pks_folder *folder, int operation) {
  pthread_mutex_lock(&lock);
  folder->operation_count++;
  int result = 0;
  if (folder->operations & operation) {
    if (folder->countdown > 0 && --folder->countdown == 0) {
      result = 1;
    } else if (folder->countdown == 0 && folder->stays) {
      result = 1;
    }
    folder->failures += result;
  }
  pthread_mutex_unlock(&lock);
  if (result) errno = EIO;  // SQLite asks for it
  return result;
}

static void record(pks_folder *folder, pks_event event) {
  if (!folder->records) return;
  pthread_mutex_lock(&lock);
  if (folder->event_count == folder->event_capacity) {
    long capacity = folder->event_capacity ? folder->event_capacity * 2 : 1024;
    pks_event *events = realloc(folder->events, (size_t)capacity * sizeof(pks_event));
    if (!events) abort();
    folder->events = events;
    folder->event_capacity = capacity;
  }
  event.name = strdup(event.name ? event.name : "");
  if (event.bytes) {
    unsigned char *copy = malloc((size_t)event.count + 1);
    if (!copy) abort();
    memcpy(copy, event.bytes, (size_t)event.count);
    event.bytes = copy;
  }
  folder->events[folder->event_count++] = event;
  pthread_mutex_unlock(&lock);
}

static const char *name_in(pks_folder *folder, const char *path) {
  return path + folder->path_count;
}

// MARK: Files

static int close_file(sqlite3_file *base) {
  file *self = (file *)base;
  int status = self->real->pMethods ? self->real->pMethods->xClose(self->real) : SQLITE_OK;
  free((void *)self->name);
  return status;
}

static int read_file(sqlite3_file *base, void *bytes, int count, sqlite3_int64 offset) {
  file *self = (file *)base;
  if (fails(self->folder, PKS_READ)) return SQLITE_IOERR_READ;
  return self->real->pMethods->xRead(self->real, bytes, count, offset);
}

static int write_file(sqlite3_file *base, const void *bytes, int count, sqlite3_int64 offset) {
  file *self = (file *)base;
  if (fails(self->folder, PKS_WRITE)) {
    // A write that fails has often been done in part.
    if (count > 1) (void)self->real->pMethods->xWrite(self->real, bytes, count / 2, offset);
    return self->folder->full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
  }
  int status = self->real->pMethods->xWrite(self->real, bytes, count, offset);
  if (status == SQLITE_OK) {
    record(self->folder, (pks_event){.operation = PKS_WRITE, .offset = offset, .count = count,
                                     .name = self->name, .bytes = bytes});
  }
  return status;
}

static int truncate_file(sqlite3_file *base, sqlite3_int64 size) {
  file *self = (file *)base;
  if (fails(self->folder, PKS_TRUNCATE)) return SQLITE_IOERR_TRUNCATE;
  int status = self->real->pMethods->xTruncate(self->real, size);
  if (status == SQLITE_OK) {
    record(self->folder,
           (pks_event){.operation = PKS_TRUNCATE, .offset = size, .name = self->name});
  }
  return status;
}

static int sync_file(sqlite3_file *base, int flags) {
  file *self = (file *)base;
  if (fails(self->folder, PKS_SYNC)) return SQLITE_IOERR_FSYNC;
  int status = self->real->pMethods->xSync(self->real, flags);
  if (status == SQLITE_OK) {
    record(self->folder, (pks_event){.operation = PKS_SYNC, .detail = self->folder_needs_sync,
                                     .name = self->name});
    self->folder_needs_sync = 0;
  }
  return status;
}

static int size_of_file(sqlite3_file *base, sqlite3_int64 *size) {
  file *self = (file *)base;
  if (fails(self->folder, PKS_SIZE)) return SQLITE_IOERR_FSTAT;
  return self->real->pMethods->xFileSize(self->real, size);
}

static int lock_file(sqlite3_file *base, int level) {
  file *self = (file *)base;
  if (fails(self->folder, PKS_LOCK)) return SQLITE_IOERR_LOCK;
  return self->real->pMethods->xLock(self->real, level);
}

static int unlock_file(sqlite3_file *base, int level) {
  file *self = (file *)base;
  return self->real->pMethods->xUnlock(self->real, level);
}

static int check_reserved(sqlite3_file *base, int *result) {
  file *self = (file *)base;
  return self->real->pMethods->xCheckReservedLock(self->real, result);
}

static int control(sqlite3_file *base, int operation, void *argument) {
  file *self = (file *)base;
  return self->real->pMethods->xFileControl(self->real, operation, argument);
}

static int sector_size(sqlite3_file *base) {
  file *self = (file *)base;
  return self->real->pMethods->xSectorSize(self->real);
}

static int characteristics(sqlite3_file *base) {
  file *self = (file *)base;
  return self->real->pMethods->xDeviceCharacteristics(self->real);
}

static int map_shared(sqlite3_file *base, int page, int size, int extend, void volatile **out) {
  file *self = (file *)base;
  return self->real->pMethods->xShmMap(self->real, page, size, extend, out);
}

static int lock_shared(sqlite3_file *base, int offset, int count, int flags) {
  file *self = (file *)base;
  return self->real->pMethods->xShmLock(self->real, offset, count, flags);
}

static void barrier(sqlite3_file *base) {
  file *self = (file *)base;
  self->real->pMethods->xShmBarrier(self->real);
}

static int unmap_shared(sqlite3_file *base, int removes) {
  file *self = (file *)base;
  return self->real->pMethods->xShmUnmap(self->real, removes);
}

// No `xFetch`: the store maps nothing, and what is not mapped cannot be missed here.
static const sqlite3_io_methods methods = {
    2,          close_file,     read_file,   write_file, truncate_file,   sync_file,  size_of_file,
    lock_file,  unlock_file,    check_reserved, control, sector_size,     characteristics,
    map_shared, lock_shared,    barrier,     unmap_shared, NULL,          NULL};

// MARK: The file system

static int open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags,
                     int *out_flags) {
  pks_folder *folder = folder_of(path);
  // The real file system fills in its own methods: the file is its own from here on.
  if (!folder) return real_vfs->xOpen(real_vfs, path, base, flags, out_flags);
  file *self = (file *)base;
  memset(self, 0, sizeof(file));
  if (fails(folder, PKS_OPEN)) return SQLITE_CANTOPEN;
  int was_there = 0;
  (void)real_vfs->xAccess(real_vfs, path, SQLITE_ACCESS_EXISTS, &was_there);
  self->folder = folder;
  self->real = (sqlite3_file *)(self + 1);
  int status = real_vfs->xOpen(real_vfs, path, self->real, flags, out_flags);
  if (status != SQLITE_OK) return status;
  self->name = strdup(name_in(folder, path));
  self->folder_needs_sync = !was_there;
  self->base.pMethods = &methods;
  record(folder, (pks_event){.operation = PKS_OPEN, .detail = !was_there, .name = self->name});
  return SQLITE_OK;
}

static int delete_file(sqlite3_vfs *vfs, const char *path, int syncs_folder) {
  pks_folder *folder = folder_of(path);
  if (folder && fails(folder, PKS_DELETE)) return SQLITE_IOERR_DELETE;
  int status = real_vfs->xDelete(real_vfs, path, syncs_folder);
  if (folder && status == SQLITE_OK) {
    record(folder, (pks_event){.operation = PKS_DELETE, .detail = syncs_folder,
                               .name = name_in(folder, path)});
  }
  return status;
}

static int access_file(sqlite3_vfs *vfs, const char *path, int flags, int *result) {
  pks_folder *folder = folder_of(path);
  if (folder && fails(folder, PKS_ACCESS)) return SQLITE_IOERR_ACCESS;
  return real_vfs->xAccess(real_vfs, path, flags, result);
}

static int full_path(sqlite3_vfs *vfs, const char *path, int count, char *out) {
  return real_vfs->xFullPathname(real_vfs, path, count, out);
}
static void *dl_open(sqlite3_vfs *vfs, const char *path) {
  return real_vfs->xDlOpen(real_vfs, path);
}
static void dl_error(sqlite3_vfs *vfs, int count, char *message) {
  real_vfs->xDlError(real_vfs, count, message);
}
static void (*dl_symbol(sqlite3_vfs *vfs, void *library, const char *name))(void) {
  return real_vfs->xDlSym(real_vfs, library, name);
}
static void dl_close(sqlite3_vfs *vfs, void *library) { real_vfs->xDlClose(real_vfs, library); }
static int randomness(sqlite3_vfs *vfs, int count, char *out) {
  return real_vfs->xRandomness(real_vfs, count, out);
}
static int pause_for(sqlite3_vfs *vfs, int microseconds) {
  return real_vfs->xSleep(real_vfs, microseconds);
}
static int current_time(sqlite3_vfs *vfs, double *out) {
  return real_vfs->xCurrentTime(real_vfs, out);
}
static int last_error(sqlite3_vfs *vfs, int count, char *out) {
  return real_vfs->xGetLastError(real_vfs, count, out);
}
static int current_time64(sqlite3_vfs *vfs, sqlite3_int64 *out) {
  return real_vfs->xCurrentTimeInt64(real_vfs, out);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void install(void) {
  real_vfs = sqlite3_vfs_find(NULL);
  if (!real_vfs || real_vfs->iVersion < 2) return;
  fault_vfs = (sqlite3_vfs){
      .iVersion = 2, .szOsFile = (int)sizeof(file) + real_vfs->szOsFile,
      .mxPathname = real_vfs->mxPathname, .zName = "pks-fault", .xOpen = open_file,
      .xDelete = delete_file, .xAccess = access_file, .xFullPathname = full_path,
      .xDlOpen = dl_open, .xDlError = dl_error, .xDlSym = dl_symbol, .xDlClose = dl_close,
      .xRandomness = randomness, .xSleep = pause_for, .xCurrentTime = current_time,
      .xGetLastError = last_error, .xCurrentTimeInt64 = current_time64};
  is_installed = sqlite3_vfs_register(&fault_vfs, 1) == SQLITE_OK;
}

int pks_faults_install(void) {
  pthread_once(&once, install);
  return is_installed ? 0 : 1;
}

// MARK: What a test asks for

pks_folder *pks_watch(const char *path, int records) {
  pks_folder *folder = calloc(1, sizeof(pks_folder));
  if (!folder) return NULL;
  folder->path_count = strlen(path) + 1;
  folder->path = malloc(folder->path_count + 1);
  if (!folder->path) abort();
  memcpy(folder->path, path, folder->path_count - 1);
  memcpy(folder->path + folder->path_count - 1, "/", 2);
  folder->records = records;
  pthread_mutex_lock(&lock);
  folder->next = folders;
  folders = folder;
  pthread_mutex_unlock(&lock);
  return folder;
}

void pks_unwatch(pks_folder *folder) {
  pthread_mutex_lock(&lock);
  pks_folder **place = &folders;
  while (*place && *place != folder) place = &(*place)->next;
  if (*place) *place = folder->next;
  pthread_mutex_unlock(&lock);
  for (long index = 0; index < folder->event_count; index++) {
    free((void *)folder->events[index].name);
    free((void *)folder->events[index].bytes);
  }
  free(folder->events);
  free(folder->path);
  free(folder);
}

long pks_event_count(pks_folder *folder) {
  pthread_mutex_lock(&lock);
  long count = folder->event_count;
  pthread_mutex_unlock(&lock);
  return count;
}

pks_event pks_event_at(pks_folder *folder, long index) {
  pthread_mutex_lock(&lock);
  pks_event event = folder->events[index];
  pthread_mutex_unlock(&lock);
  return event;
}

void pks_fail(pks_folder *folder, int operations, long countdown, int stays, int full) {
  pthread_mutex_lock(&lock);
  folder->operations = operations;
  folder->countdown = countdown;
  folder->stays = stays;
  folder->full = full;
  folder->failures = 0;
  pthread_mutex_unlock(&lock);
}

long pks_mend(pks_folder *folder) {
  pthread_mutex_lock(&lock);
  long failures = folder->failures;
  folder->operations = 0;
  folder->countdown = 0;
  folder->stays = 0;
  pthread_mutex_unlock(&lock);
  return failures;
}

long pks_operation_count(pks_folder *folder) {
  pthread_mutex_lock(&lock);
  long count = folder->operation_count;
  pthread_mutex_unlock(&lock);
  return count;
}
