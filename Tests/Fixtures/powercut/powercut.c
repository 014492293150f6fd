/* SPDX-License-Identifier: Apache-2.0
 *
 * What a disk would hold after a power cut: a library to preload.
 *
 *   LD_PRELOAD=powercut.so POWERCUT_FOLDER=FOLDER POWERCUT_DISK=EMPTY-FOLDER program
 *
 * Beside the files in FOLDER it keeps, in POWERCUT_DISK, their state as of the last fsync or
 * fdatasync of each, and the names of the folder as of its last fsync. The power is cut by killing
 * the program with SIGKILL: what was written but not synced is in FOLDER, and not in POWERCUT_DISK.
 * What FOLDER holds when the program starts counts as synced.
 *
 *   POWERCUT_DISK/data/INODE   the bytes of a file
 *   POWERCUT_DISK/names        a line each: INODE, space, NAME
 *
 * A name without bytes is a file whose name was synced and whose bytes were not: it is empty. This
 * is the strictest disk that POSIX allows: it writes nothing by itself, and a new file needs an
 * fsync of its folder.
 *
 * Limits: FOLDER alone, not those below it; no file may be removed and another made meanwhile,
 * since the new one may get its inode; memory maps count as far as a sync of the same file copies
 * them. SQLite's -shm file is left out, since it is made anew at each start.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 65536 };

static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static char folder[PATH_MAX];
static char disk[PATH_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* A disk that cannot be kept up would prove nothing. */
static void fail(const char *what) {
  fprintf(stderr, "powercut: %s: %s\n", what, strerror(errno));
  abort();
}

/* Bytes that are there already are not written again: a sync costs what changed, and reading. */
static void copy(int from, int to) {
  static char fresh[BLOCK], old[BLOCK];
  off_t offset = 0;
  for (;;) {
    ssize_t size = pread(from, fresh, sizeof fresh, offset);
    if (size < 0) fail("reading a file");
    if (size == 0) break;
    ssize_t had = pread(to, old, (size_t)size, offset);
    if ((had != size || memcmp(fresh, old, (size_t)size) != 0) &&
        pwrite(to, fresh, (size_t)size, offset) != size)
      fail("writing to the disk");
    offset += size;
  }
  if (ftruncate(to, offset) != 0) fail("cutting a file of the disk");
}

static void keep_file(int descriptor, ino_t inode) {
  char path[PATH_MAX + 32];
  snprintf(path, sizeof path, "%s/data/%llu", disk, (unsigned long long)inode);
  int to = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (to < 0) fail(path);
  /* The caller's descriptor may be for writing alone. */
  char self[64];
  snprintf(self, sizeof self, "/proc/self/fd/%d", descriptor);
  int from = open(self, O_RDONLY | O_CLOEXEC);
  if (from < 0) fail(self);
  copy(from, to);
  close(from);
  close(to);
}

static bool is_left_out(const char *name) {
  size_t size = strlen(name);
  return name[0] == '.' || (size >= 4 && strcmp(name + size - 4, "-shm") == 0);
}

/* All names or, when the power goes meanwhile, those of before. */
static void keep_names(bool with_data) {
  char path[PATH_MAX + 32], fresh[PATH_MAX + 32];
  snprintf(path, sizeof path, "%s/names", disk);
  snprintf(fresh, sizeof fresh, "%s/names.new", disk);
  FILE *names = fopen(fresh, "we");
  DIR *entries = opendir(folder);
  if (!names || !entries) fail(folder);
  struct dirent *entry;
  while ((entry = readdir(entries))) {
    struct stat status;
    if (is_left_out(entry->d_name) || fstatat(dirfd(entries), entry->d_name, &status, 0) != 0 ||
        !S_ISREG(status.st_mode))
      continue;
    fprintf(names, "%llu %s\n", (unsigned long long)status.st_ino, entry->d_name);
    if (!with_data) continue;
    int file = openat(dirfd(entries), entry->d_name, O_RDONLY | O_CLOEXEC);
    if (file < 0) fail(entry->d_name);
    keep_file(file, status.st_ino);
    close(file);
  }
  closedir(entries);
  if (fclose(names) != 0 || rename(fresh, path) != 0) fail(path);
}

/* What a sync of this descriptor makes durable. Called after the real one. */
static void synced(int descriptor) {
  if (!folder[0]) return;
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t size = readlink(link, path, sizeof path - 1);
  struct stat status;
  if (size <= 0 || fstat(descriptor, &status) != 0) return;
  path[size] = 0;
  size_t length = strlen(folder);
  if (strncmp(path, folder, length) != 0) return;
  int saved = errno;
  pthread_mutex_lock(&lock);
  if (path[length] == 0) {
    keep_names(false);
  } else if (path[length] == '/' && !strchr(path + length + 1, '/') &&
             !is_left_out(path + length + 1) && S_ISREG(status.st_mode)) {
    keep_file(descriptor, status.st_ino);
  }
  pthread_mutex_unlock(&lock);
  errno = saved;
}

__attribute__((constructor)) static void start(void) {
  *(void **)&real_fsync = dlsym(RTLD_NEXT, "fsync");
  *(void **)&real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  const char *place = getenv("POWERCUT_FOLDER"), *to = getenv("POWERCUT_DISK");
  if (!place || !to) return;
  char data[PATH_MAX + 32];
  if (!realpath(to, disk)) fail(to);
  snprintf(data, sizeof data, "%s/data", disk);
  if (mkdir(data, 0700) != 0 && errno != EEXIST) fail(data);
  if (!realpath(place, folder)) fail(place);
  keep_names(true);
}

int fsync(int descriptor) {
  int result = real_fsync(descriptor);
  if (result == 0) synced(descriptor);
  return result;
}

int fdatasync(int descriptor) {
  int result = real_fdatasync(descriptor);
  if (result == 0) synced(descriptor);
  return result;
}
