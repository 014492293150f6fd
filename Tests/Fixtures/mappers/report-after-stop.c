/* SPDX-License-Identifier: Apache-2.0
 *
 * Does not hear of the end of a subscription: one thread of the library goes on to report the point
 * 0 of the last one every millisecond, whatever the host answers, until unload.
 */
#include "fixture.h"

#include <pthread.h>
#include <stdatomic.h>

#include "mapper/ext/subscribe.h"

static atomic_bool is_unloading;
static _Atomic uint64_t subscription;
static pthread_t thread;
static bool has_thread;

static void *report(void *argument) {
  (void)argument;
  while (!atomic_load(&is_unloading)) {
    mapper_sample sample = {.status = MAPPER_OK, .value = mapper_int(MAPPER_TYPE_I64, 1)};
    fixture_api->report(fixture_host, atomic_load(&subscription), &sample, 1);
    fixture_sleep(1);
  }
  return NULL;
}

static mapper_status start(mapper_device *device, const mapper_call *call, uint64_t id,
                           const uint32_t *points, uint32_t count, uint32_t min_interval_ms,
                           mapper_status *results) {
  (void)device, (void)call, (void)points, (void)min_interval_ms;
  for (uint32_t i = 0; i < count; i++) results[i] = MAPPER_OK;
  atomic_store(&subscription, id);
  if (has_thread) return MAPPER_OK;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  has_thread = pthread_create(&thread, NULL, report, NULL) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return has_thread ? MAPPER_OK : MAPPER_NO_MEMORY;
}

static void stop(mapper_device *device, uint64_t id) { (void)device, (void)id; }

static const mapper_subscribe subscribe = {
    .size = sizeof(mapper_subscribe), .start = start, .stop = stop};

static const void *query(const char *id) {
  return strcmp(id, MAPPER_EXT_SUBSCRIBE) == 0 ? &subscribe : NULL;
}

static mapper_status load(mapper_host *host, const mapper_host_api *api) {
  atomic_store(&is_unloading, false);
  return fixture_load(host, api);
}

static void unload(void) {
  atomic_store(&is_unloading, true);
  if (has_thread) pthread_join(thread, NULL);
  has_thread = false;
}

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "report-after-stop",
    .title = "Test mapper report-after-stop",
    .create = fixture_create,
    .bind = fixture_bind,
    .open = fixture_open,
    .read = fixture_read,
    .close = fixture_close,
    .destroy = fixture_destroy,
    .query = query,
};

static const mapper_driver *driver_at(uint32_t index) { return index == 0 ? &driver : NULL; }

MAPPER_EXPORT const mapper_entry_v1 mapper_entry = {
    .size = sizeof(mapper_entry_v1),
    .abi_major = MAPPER_ABI_MAJOR,
    .abi_minor = MAPPER_ABI_TARGET,
    .name = "report-after-stop",
    .version = "1.0.0",
    .load = load,
    .unload = unload,
    .driver = driver_at,
};
