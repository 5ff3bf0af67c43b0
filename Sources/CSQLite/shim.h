#ifndef PROVE_KEY_STORE_CSQLITE_SHIM_H
#define PROVE_KEY_STORE_CSQLITE_SHIM_H

#include <sqlite3.h>

// SQLITE_TRANSIENT is a cast of -1 to a function pointer, which Swift cannot import.
static inline int pks_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, int count) {
  return sqlite3_bind_blob(statement, index, bytes, count, SQLITE_TRANSIENT);
}

static inline int pks_bind_text(sqlite3_stmt *statement, int index, const char *text, int count) {
  return sqlite3_bind_text(statement, index, text, count, SQLITE_TRANSIENT);
}

// sqlite3_db_config is variadic, which Swift cannot call.
static inline int pks_set_config(sqlite3 *database, int option, int value) {
  return sqlite3_db_config(database, option, value, (int *)0);
}

// sqlite3_config is variadic too. SQLITE_MISUSE once anything in the process has used SQLite.
static inline int pks_stop_counting_memory(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

static inline int pks_note_log_frames(void *count, sqlite3 *database, const char *name, int frames) {
  (void)database;
  (void)name;
  *(int *)count = frames;
  return SQLITE_OK;
}

// Has each commit note how many pages the log has; SQLite checkpoints by itself no more.
static inline void pks_note_commits(sqlite3 *database, int *count) {
  sqlite3_wal_hook(database, pks_note_log_frames, count);
}

// Reads the first bytes of the main database's file as they are: no lock is taken and nothing is
// rolled back. Through SQLite's own descriptor, since closing another one would drop its locks.
static inline int pks_read_start(sqlite3 *database, void *bytes, int count) {
  sqlite3_file *file = 0;
  int status = sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (status != SQLITE_OK) return status;
  if (file == 0 || file->pMethods == 0) return SQLITE_NOTFOUND;
  return file->pMethods->xRead(file, bytes, count, 0);
}

#endif
