/* SPDX-License-Identifier: Apache-2.0
 *
 * Works: its driver table ends before the last slot, `query`, as that of an older minor would, and
 * right behind it there is no memory. Whoever reads more than `size` bytes of it crashes. (The
 * entry table has no optional member at its end to leave out.)
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"

#define SHORT_SIZE offsetof(mapper_driver, query)

static const mapper_driver whole = {
    .size = sizeof(mapper_driver),
    .id = "short-table",
    .title = "Test mapper short-table",
    .create = fixture_create,
    .bind = fixture_bind,
    .open = fixture_open,
    .read = fixture_read,
    .close = fixture_close,
    .destroy = fixture_destroy,
};

static uint8_t *pages; /* the second one is not accessible */
static size_t page_size;

static mapper_status load(mapper_host *host, const mapper_host_api *api) {
  page_size = (size_t)sysconf(_SC_PAGESIZE);
  void *memory =
      mmap(NULL, 2 * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return MAPPER_NO_MEMORY;
  pages = memory;
  const uint32_t size = SHORT_SIZE;
  uint8_t *table = pages + page_size - SHORT_SIZE;
  memcpy(table, &whole, SHORT_SIZE);
  memcpy(table, &size, sizeof size);
  mprotect(pages, page_size, PROT_READ);
  mprotect(pages + page_size, page_size, PROT_NONE);
  return fixture_load(host, api);
}

static void unload(void) { munmap(pages, 2 * page_size); }

static const mapper_driver *driver_at(uint32_t index) {
  return index == 0 ? (const mapper_driver *)(const void *)(pages + page_size - SHORT_SIZE) : NULL;
}

MAPPER_EXPORT const mapper_entry_v1 mapper_entry = {
    .size = sizeof(mapper_entry_v1),
    .abi_major = MAPPER_ABI_MAJOR,
    .abi_minor = MAPPER_ABI_TARGET,
    .name = "short-table",
    .version = "1.0.0",
    .load = load,
    .unload = unload,
    .driver = driver_at,
};
