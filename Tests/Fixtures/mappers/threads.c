/* SPDX-License-Identifier: Apache-2.0
 *
 * Behaves, but reports from many threads at once: `threads` of them (device setting, default 4),
 * each of which reports every point `reports` times (default 1000) as fast as it can, as the
 * numbers 0, 1, 2 … and writes a line to the log at its end. stop waits for them.
 */
#include "fixture.h"

#include <pthread.h>
#include <stdatomic.h>

#include "mapper/ext/subscribe.h"

enum { THREAD_MAX = 64 };

/* One subscription: tests have one device. */
static struct {
  pthread_t threads[THREAD_MAX];
  int64_t wanted, running, reports;
  uint64_t id;
  uint32_t count;
  atomic_bool is_stopping;
} work = {.wanted = 4, .reports = 1000};

static mapper_status create(mapper_host *host, uint64_t token, const mapper_settings *settings,
                            const mapper_call *call, mapper_device **out) {
  work.wanted = mapper_find_int(settings, "threads", 4);
  work.reports = mapper_find_int(settings, "reports", 1000);
  if (work.wanted < 1 || work.wanted > THREAD_MAX)
    return mapper_failf(fixture_api, call, MAPPER_INVALID, "setting threads: expected 1 to %d",
                        THREAD_MAX);
  return fixture_create(host, token, settings, call, out);
}

static void *report(void *argument) {
  (void)argument;
  for (int64_t i = 0; i < work.reports && !atomic_load(&work.is_stopping); i++) {
    for (uint32_t point = 0; point < work.count; point++) {
      mapper_sample sample = {.point = point, .value = mapper_int(MAPPER_TYPE_I64, i)};
      mapper_status answer = fixture_api->report(fixture_host, work.id, &sample, 1);
      if (answer == MAPPER_CLOSED) return NULL;
      if (answer == MAPPER_BUSY) fixture_sleep(1);
    }
  }
  mapper_logf(fixture_api, fixture_host, MAPPER_LOG_INFO, "a thread is through");
  return NULL;
}

static void stop(mapper_device *device, uint64_t subscription) {
  (void)device;
  if (subscription != work.id) return;
  atomic_store(&work.is_stopping, true);
  while (work.running > 0) pthread_join(work.threads[--work.running], NULL);
}

static mapper_status start(mapper_device *device, const mapper_call *call, uint64_t subscription,
                           const uint32_t *points, uint32_t count, uint32_t min_interval_ms,
                           mapper_status *results) {
  (void)call, (void)points, (void)min_interval_ms;
  for (uint32_t i = 0; i < count; i++) results[i] = MAPPER_OK;
  work.id = subscription;
  work.count = device->count;
  atomic_store(&work.is_stopping, false);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  while (work.running < work.wanted &&
         pthread_create(&work.threads[work.running], NULL, report, NULL) == 0)
    work.running++;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (work.running == work.wanted) return MAPPER_OK;
  stop(device, subscription);
  return MAPPER_NO_MEMORY;
}

static const mapper_subscribe subscribe = {
    .size = sizeof(mapper_subscribe), .start = start, .stop = stop};

static const void *query(const char *id) {
  return strcmp(id, MAPPER_EXT_SUBSCRIBE) == 0 ? &subscribe : NULL;
}

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "threads",
    .title = "Test mapper threads",
    .create = create,
    .bind = fixture_bind,
    .open = fixture_open,
    .read = fixture_read,
    .close = fixture_close,
    .destroy = fixture_destroy,
    .query = query,
};

FIXTURE_ENTRY("threads", driver)
