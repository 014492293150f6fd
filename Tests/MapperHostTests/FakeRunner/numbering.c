/* SPDX-License-Identifier: Apache-2.0
 *
 * A mapper that numbers its samples: each reading takes the next number out of a file (device
 * setting "file"), so that the numbers go on over processes and libraries, and what is lost or
 * doubled shows. Device settings: "push": a thread of the device's own reports; "line": its lane;
 * "hang": reads never return; "release": a file whose coming ends that. With NO_DRIVER the library
 * drives "other"; with REFUSES it takes no device; the file `<file>.users` counts open devices.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "mapper/ext/subscribe.h"
#include "mapper/helpers.h"

typedef struct shared {
  _Atomic int64_t number;
  _Atomic int32_t owner; /* of the line: the process and library that has it open */
  _Atomic int32_t users;
  _Atomic int32_t clashes;
} shared;

struct mapper_device {
  shared *shared;
  char release[256];
  bool pushes, hangs, has_thread;
  atomic_bool is_stopping;
  uint64_t subscription;
  pthread_t thread;
};

static mapper_host *own_host;
static const mapper_host_api *api;
static int32_t identity; /* of this library in this process */

static size_t lane(const mapper_settings *settings, char *key, size_t capacity) {
  const char *line = mapper_find_text(settings, "line", "");
  size_t size = strlen(line);
  if (size > capacity) return 0;
  memcpy(key, line, size);
  return size;
}

static mapper_status create(mapper_host *host, uint64_t token, const mapper_settings *settings,
                            const mapper_call *call, mapper_device **out) {
  (void)host, (void)token;
#if defined(REFUSES)
  (void)settings, (void)out;
  return mapper_failf(api, call, MAPPER_INVALID, "no such pump in this version");
#else
  mapper_device *device = calloc(1, sizeof *device);
  if (!device) return MAPPER_NO_MEMORY;
  int file = open(mapper_find_text(settings, "file", ""), O_RDWR | O_CLOEXEC);
  void *memory = mmap(NULL, sizeof(shared), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (file >= 0) close(file);
  if (memory == MAP_FAILED) {
    free(device);
    return mapper_failf(api, call, MAPPER_NOT_FOUND, "no file");
  }
  device->shared = memory;
  device->pushes = mapper_find_bool(settings, "push", false);
  device->hangs = mapper_find_bool(settings, "hang", false);
  strncpy(device->release, mapper_find_text(settings, "release", ""), sizeof device->release - 1);
  *out = device;
  return MAPPER_OK;
#endif
}

static mapper_status bind_points(mapper_device *device, const mapper_call *call,
                                 const mapper_point *points, uint32_t count,
                                 mapper_status *results) {
  (void)device, (void)call, (void)points;
  for (uint32_t index = 0; index < count; index++) results[index] = MAPPER_OK;
  return MAPPER_OK;
}

/* A line is one library's at a time, as a serial port is. */
static mapper_status open_device(mapper_device *device, const mapper_call *call) {
  (void)call;
  int32_t nobody = 0;
  if (!atomic_compare_exchange_strong(&device->shared->owner, &nobody, identity) &&
      nobody != identity)
    atomic_fetch_add(&device->shared->clashes, 1);
  atomic_fetch_add(&device->shared->users, 1);
  return MAPPER_OK;
}

static void close_device(mapper_device *device) {
  if (atomic_fetch_sub(&device->shared->users, 1) == 1) atomic_store(&device->shared->owner, 0);
}

static void rest(long milliseconds) {
  struct timespec time = {.tv_nsec = milliseconds * 1000000};
  nanosleep(&time, NULL);
}

static mapper_sample next_sample(mapper_device *device, uint32_t point) {
  mapper_sample sample = {.point = point, .status = MAPPER_OK};
  sample.value = mapper_int(MAPPER_TYPE_I64, atomic_fetch_add(&device->shared->number, 1) + 1);
  return sample;
}

static mapper_status read_points(mapper_device *device, const mapper_call *call,
                                 const uint32_t *points, uint32_t count, mapper_sample *out) {
  (void)call;
  while (device->hangs && access(device->release, F_OK) != 0) rest(10);
  for (uint32_t index = 0; index < count; index++) out[index] = next_sample(device, points[index]);
  return MAPPER_OK;
}

static mapper_status write_points(mapper_device *device, const mapper_call *call,
                                  const mapper_write *writes, uint32_t count,
                                  mapper_status *results) {
  (void)call;
  for (uint32_t index = 0; index < count; index++) {
    atomic_store(&device->shared->number, writes[index].value.i64);
    results[index] = MAPPER_OK;
  }
  return MAPPER_OK;
}

static void destroy(mapper_device *device) {
  munmap(device->shared, sizeof(shared));
  free(device);
}

/* ---- reporting ---------------------------------------------------------------------------- */

static void *push(void *argument) {
  mapper_device *device = argument;
  while (!atomic_load(&device->is_stopping)) {
    mapper_sample sample = next_sample(device, 0);
    while (api->report(own_host, device->subscription, &sample, 1) == MAPPER_BUSY) rest(1);
    rest(2);
  }
  return NULL;
}

static mapper_status start(mapper_device *device, const mapper_call *call, uint64_t subscription,
                           const uint32_t *points, uint32_t count, uint32_t min_interval_ms,
                           mapper_status *results) {
  (void)points, (void)min_interval_ms;
  if (!device->pushes) return MAPPER_UNSUPPORTED;
  device->subscription = subscription;
  atomic_store(&device->is_stopping, false);
  for (uint32_t index = 0; index < count; index++) results[index] = MAPPER_OK;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  device->has_thread = pthread_create(&device->thread, NULL, push, device) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return device->has_thread ? MAPPER_OK : mapper_failf(api, call, MAPPER_NO_MEMORY, "no thread");
}

static void stop(mapper_device *device, uint64_t subscription) {
  (void)subscription;
  atomic_store(&device->is_stopping, true);
  if (device->has_thread) pthread_join(device->thread, NULL);
  device->has_thread = false;
}

static const mapper_subscribe subscribe = {
    .size = sizeof(mapper_subscribe), .start = start, .stop = stop};

static const void *query(const char *id) {
  return strcmp(id, MAPPER_EXT_SUBSCRIBE) == 0 ? &subscribe : NULL;
}

#if defined(NO_DRIVER)
#define ID "other"
#else
#define ID "numbering"
#endif

static const mapper_driver numbering = {
    .size = sizeof(mapper_driver),
    .id = ID,
    .title = "Numbers its samples",
    .device_schema = "{\"type\":\"object\"}",
    .lane = lane,
    .create = create,
    .bind = bind_points,
    .open = open_device,
    .read = read_points,
    .write = write_points,
    .close = close_device,
    .destroy = destroy,
    .query = query,
};

static const mapper_driver *driver(uint32_t index) { return index == 0 ? &numbering : NULL; }

static mapper_status load(mapper_host *host, const mapper_host_api *table) {
  own_host = host;
  api = table;
  /* The address differs where two copies are in one process. */
  identity = (int32_t)((uintptr_t)&identity >> 4) ^ (int32_t)getpid();
  return MAPPER_OK;
}

MAPPER_EXPORT const mapper_entry_v1 mapper_entry = {
    .size = sizeof(mapper_entry_v1),
    .abi_major = MAPPER_ABI_MAJOR,
    .abi_minor = MAPPER_ABI_TARGET,
    .name = "numbering",
    .version = VERSION,
    .load = load,
    .driver = driver,
};
