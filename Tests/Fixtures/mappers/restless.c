/* SPDX-License-Identifier: Apache-2.0
 *
 * Misbehaves: eight threads report for every subscription that there is and that there was, from
 * load to unload, as fast as they can, whatever stop and close do. It watches its host: a report
 * that begins after the device was closed must be answered CLOSED.
 *
 * Methods: `reports` of one answer (its status) so far, and `faults`: reports that began after
 * close and were taken.
 */
#include "fixture.h"

#include <pthread.h>
#include <stdatomic.h>

#include "mapper/ext/methods.h"
#include "mapper/ext/subscribe.h"

enum { THREADS = 8, PLACES = 64 };

/* A subscription: its number and, above, whether its device was closed. One word, so that a thread
 * sees both as they were at one moment. */
#define CLOSED_BIT ((uint64_t)1 << 63)

static struct {
  pthread_t threads[THREADS];
  atomic_bool is_stopping;
  _Atomic uint64_t places[PLACES]; /* 0: never used */
  _Atomic uint32_t next;
  _Atomic int64_t answers[16], faults;
} work;

static void *report(void *argument) {
  uint32_t place = (uint32_t)(uintptr_t)argument;
  while (!atomic_load(&work.is_stopping)) {
    place = (place * 5 + 1) % PLACES; /* comes by all places */
    uint64_t word = atomic_load(&work.places[place]);
    if (word == 0) continue;
    mapper_sample sample = {.point = 0, .value = mapper_int(MAPPER_TYPE_I64, 1)};
    mapper_status answer = fixture_api->report(fixture_host, word & ~CLOSED_BIT, &sample, 1);
    if (answer >= 0 && answer < 16) atomic_fetch_add(&work.answers[answer], 1);
    if (word & CLOSED_BIT && answer != MAPPER_CLOSED) atomic_fetch_add(&work.faults, 1);
  }
  return NULL;
}

static mapper_status load(mapper_host *host, const mapper_host_api *api) {
  fixture_load(host, api);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  mapper_status status = MAPPER_OK;
  for (uintptr_t i = 0; i < THREADS; i++)
    if (pthread_create(&work.threads[i], NULL, report, (void *)(i * 7)) != 0)
      status = MAPPER_NO_MEMORY;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return status;
}

static void unload(void) {
  atomic_store(&work.is_stopping, true);
  for (int i = 0; i < THREADS; i++) pthread_join(work.threads[i], NULL);
}

static mapper_status start(mapper_device *device, const mapper_call *call, uint64_t subscription,
                           const uint32_t *points, uint32_t count, uint32_t min_interval_ms,
                           mapper_status *results) {
  (void)call, (void)points, (void)min_interval_ms;
  for (uint32_t i = 0; i < count; i++) results[i] = MAPPER_OK;
  uint32_t place = atomic_fetch_add(&work.next, 1) % PLACES;
  device->amount = place;
  atomic_store(&work.places[place], subscription);
  return MAPPER_OK;
}

/* Against the contract: it waits for nobody. */
static void stop(mapper_device *device, uint64_t subscription) { (void)device, (void)subscription; }

static void close_device(mapper_device *device) {
  atomic_fetch_or(&work.places[device->amount], CLOSED_BIT);
}

static mapper_status reports(mapper_device *device, const mapper_call *call, int64_t *out,
                             int64_t status) {
  (void)device, (void)call;
  if (status < 0 || status > 15) return MAPPER_INVALID;
  *out = atomic_load(&work.answers[status]);
  return MAPPER_OK;
}

static mapper_status faults(mapper_device *device, const mapper_call *call, int64_t *out) {
  (void)device, (void)call;
  *out = atomic_load(&work.faults);
  return MAPPER_OK;
}

static const mapper_subscribe subscribe = {
    .size = sizeof(mapper_subscribe), .start = start, .stop = stop};

static const mapper_method rows[] = {
    MAPPER_METHOD_1("reports", reports, NULL, MAPPER_METHOD_IDEMPOTENT, int64_t, int64_t, "status"),
    MAPPER_METHOD_0("faults", faults, NULL, MAPPER_METHOD_IDEMPOTENT, int64_t),
};
static const mapper_methods methods = MAPPER_METHODS(rows);

static const void *query(const char *id) {
  if (strcmp(id, MAPPER_EXT_METHODS) == 0) return &methods;
  return strcmp(id, MAPPER_EXT_SUBSCRIBE) == 0 ? &subscribe : NULL;
}

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "restless",
    .title = "Test mapper restless",
    .create = fixture_create,
    .bind = fixture_bind,
    .open = fixture_open,
    .read = fixture_read,
    .close = close_device,
    .destroy = fixture_destroy,
    .query = query,
};

static const mapper_driver *driver_at(uint32_t index) { return index == 0 ? &driver : NULL; }

MAPPER_EXPORT const mapper_entry_v1 mapper_entry = {
    .size = sizeof(mapper_entry_v1),
    .abi_major = MAPPER_ABI_MAJOR,
    .abi_minor = MAPPER_ABI_TARGET,
    .name = "restless",
    .version = "1.0.0",
    .load = load,
    .unload = unload,
    .driver = driver_at,
};
