// SPDX-License-Identifier: Apache-2.0
#ifndef SELVEDGE_CSQLITE_SHIM_H
#define SELVEDGE_CSQLITE_SHIM_H

#include <sqlite3.h>

/* SQLITE_TRANSIENT is a cast of -1 to a function pointer, which Swift does not import. */
static inline int selvedge_bind_text(sqlite3_stmt *statement, int index, const char *text,
                                     int length) {
  return sqlite3_bind_text(statement, index, text, length, SQLITE_TRANSIENT);
}

static inline int selvedge_bind_blob(sqlite3_stmt *statement, int index, const void *bytes,
                                     int length) {
  /* A null pointer would bind NULL, not an empty blob. */
  return length == 0 ? sqlite3_bind_zeroblob(statement, index, 0)
                     : sqlite3_bind_blob(statement, index, bytes, length, SQLITE_TRANSIENT);
}

#endif
