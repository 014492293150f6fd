// SPDX-License-Identifier: Apache-2.0
// What one fdatasync costs in a folder: after a 4 KB overwrite (as a log that is reused) and after
// an append of 4 KB (the file grows, so the file system syncs its own records too).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common.h"

static const char *folder = ".";
static double count = 1000;

enum { BLOCK = 4096, BLOCKS = 256 };

static void sync_or_fail(int file) {
  if (fdatasync(file)) fail("fdatasync in %s failed: %s", folder, strerror(errno));
}

static void measure(int file, bool append, struct samples *times) {
  static char block[BLOCK];
  for (int i = 0; i < (int)count && !stop_requested; i++) {
    memset(block, i, sizeof block);
    off_t place = (append ? BLOCKS + (off_t)i : (off_t)i % BLOCKS) * BLOCK;
    int64_t start = monotonic_ns();
    if (pwrite(file, block, sizeof block, place) != BLOCK)
      fail("write in %s failed: %s", folder, strerror(errno));
    sync_or_fail(file);
    samples_add(times, (double)(monotonic_ns() - start) / 1e3);
  }
}

int main(int argc, char **argv) {
  const struct option_spec specs[] = {
      {"folder", "where the file is made and removed", &folder, NULL},
      {"count", "writes of each kind", NULL, &count},
  };
  read_options(argc, argv, "times fdatasync", specs, sizeof specs / sizeof *specs);
  catch_stop();
  char path[4096];
  snprintf(path, sizeof path, "%s/fsync-cost.XXXXXX", folder);
  int file = mkstemp(path);
  if (file < 0) fail("cannot make a file in %s: %s", folder, strerror(errno));
  unlink(path);
  static char block[BLOCK];
  for (int i = 0; i < BLOCKS; i++)
    if (pwrite(file, block, BLOCK, (off_t)i * BLOCK) != BLOCK)
      fail("write in %s: %s", folder, strerror(errno));
  sync_or_fail(file);

  struct samples overwrite = {0}, append = {0};
  measure(file, false, &overwrite);
  measure(file, true, &append);
  close(file);
  printf("{\"tool\":\"fsync-cost\",\"count\":%.0f,\"overwrite_p50_us\":%.1f,"
         "\"overwrite_p99_us\":%.1f,\"append_p50_us\":%.1f,\"append_p99_us\":%.1f}\n",
         count, samples_quantile(&overwrite, 0.5), samples_quantile(&overwrite, 0.99),
         samples_quantile(&append, 0.5), samples_quantile(&append, 0.99));
  samples_free(&overwrite);
  samples_free(&append);
  return 0;
}
