/* SPDX-License-Identifier: Apache-2.0
 *
 * mapper.methods/1: one method of each shape. The host checks number, names and types of arguments
 * before it calls; what only the driver can know is checked here.
 */
#define _POSIX_C_SOURCE 200809L
#include "virtual.h"

#define DRAW_MAX 65536

/* A fault armed for methods strikes here. The two methods that disarm one are spared. */
static mapper_status struck(mapper_device *device, const mapper_call *call) {
  pthread_mutex_lock(&device->lock);
  virtual_fault fault = device->faults[ON_METHOD];
  pthread_mutex_unlock(&device->lock);
  return virtual_fault_strike(&fault, call);
}

/* Called with the lock held. */
static void restart(mapper_device *device) {
  device->opened_ns = virtual_now_ns();
  for (uint32_t i = 0; i < device->count; i++)
    if (device->points[i].kind != KIND_NONE)
      virtual_point_restart(&device->points[i], device->seed);
}

static mapper_status reset(mapper_device *device, const mapper_call *call, mapper_nothing *out) {
  (void)out;
  mapper_status status = struck(device, call);
  if (status != MAPPER_OK) return status;
  pthread_mutex_lock(&device->lock);
  restart(device);
  pthread_mutex_unlock(&device->lock);
  return MAPPER_OK;
}

static mapper_status factory_reset(mapper_device *device, const mapper_call *call,
                                   mapper_nothing *out) {
  (void)call;
  (void)out;
  bool good = true;
  pthread_mutex_lock(&device->lock);
  memset(device->faults, 0, sizeof device->faults);
  restart(device);
  for (uint32_t i = 0; i < device->count; i++)
    good = virtual_point_restore(&device->points[i]) && good;
  pthread_mutex_unlock(&device->lock);
  return good ? MAPPER_OK : MAPPER_NO_MEMORY;
}

static mapper_status set_fault(mapper_device *device, const mapper_call *call, mapper_nothing *out,
                               const char *text, const char *on) {
  (void)out;
  virtual_fault fault;
  if (!virtual_fault_parse(text, strlen(text), &fault))
    return mapper_failf(virtual_api, call, MAPPER_INVALID, "fault: '%s': expected " FAULT_EXPECTED,
                        text);
  virtual_call which = virtual_fault_call(on);
  if (which == ON_COUNT)
    return mapper_failf(virtual_api, call, MAPPER_INVALID,
                        "on: '%s': expected open, read, write or method", on);
  pthread_mutex_lock(&device->lock);
  device->faults[which] = fault;
  pthread_mutex_unlock(&device->lock);
  return MAPPER_OK;
}

static mapper_status add(mapper_device *device, const mapper_call *call, double *out, double a,
                         double b) {
  *out = a + b;
  return struck(device, call);
}

static mapper_status is_between(mapper_device *device, const mapper_call *call, bool *out,
                                int64_t value, int64_t low, int64_t high) {
  *out = value >= low && value <= high;
  return struck(device, call);
}

/* The argument is borrowed for the call and the host copies a result after it, so what the result
 * points to has to be memory of its own: here the call's, which the host frees. */
static mapper_status echo(mapper_device *device, const mapper_call *call, const char **out,
                          const char *text) {
  mapper_status status = struck(device, call);
  if (status != MAPPER_OK) return status;
  size_t size = strlen(text) + 1;
  char *copy = virtual_api->alloc(call, size, 1);
  if (!copy) return MAPPER_NO_MEMORY;
  memcpy(copy, text, size);
  *out = copy;
  return MAPPER_OK;
}

/* CRC-32 as in Ethernet, zip and PNG. */
static mapper_status checksum(mapper_device *device, const mapper_call *call, uint64_t *out,
                              const mapper_bytes *bytes) {
  uint32_t crc = 0xffffffffu;
  const uint8_t *at = bytes->data;
  for (uint64_t i = 0; i < bytes->size; i++) {
    crc ^= at[i];
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320u : 0);
  }
  *out = (uint32_t)~crc;
  return struck(device, call);
}

/* Of a generator that starts with the device's seed at each call. */
static mapper_status draw(mapper_device *device, const mapper_call *call, mapper_bytes *out,
                          uint64_t count) {
  mapper_status status = struck(device, call);
  if (status != MAPPER_OK) return status;
  if (count > DRAW_MAX)
    return mapper_failf(virtual_api, call, MAPPER_INVALID, "count: %llu: expected at most %d",
                        (unsigned long long)count, DRAW_MAX);
  if (count == 0) return MAPPER_OK;
  uint8_t *bytes = virtual_api->alloc(call, count, 1);
  if (!bytes) return MAPPER_NO_MEMORY;
  uint64_t state = (uint64_t)device->seed;
  for (uint64_t i = 0; i < count; i++) bytes[i] = (uint8_t)(virtual_random(&state) >> 56);
  *out = (mapper_bytes){.data = bytes, .size = count};
  return MAPPER_OK;
}

static mapper_status sleep_for(mapper_device *device, const mapper_call *call, mapper_nothing *out,
                               uint64_t milliseconds) {
  (void)out;
  mapper_status status = struck(device, call);
  if (status == MAPPER_OK) status = virtual_wait(milliseconds, call);
  if (status != MAPPER_TIMEOUT) return status;
  return mapper_failf(virtual_api, call, status, "%llu ms are longer than the call may take",
                      (unsigned long long)milliseconds);
}

#define CHANGES MAPPER_METHOD_CHANGES
#define IDEMPOTENT MAPPER_METHOD_IDEMPOTENT
#define CONFIRM MAPPER_METHOD_CONFIRM

static const mapper_method rows[] = {
    MAPPER_METHOD_0("reset", reset, "starts curves, counters and walks again", CHANGES | IDEMPOTENT,
                    mapper_nothing),
    MAPPER_METHOD_0("factoryReset", factory_reset,
                    "forgets all that was set, and disarms all faults",
                    CHANGES | IDEMPOTENT | CONFIRM, mapper_nothing),
    MAPPER_METHOD_2("setFault", set_fault,
                    "arms a fault (none, delay:MS, error:CLASS, hang, crash, exit, leak:BYTES) for "
                    "open, read, write or method",
                    CHANGES | IDEMPOTENT, mapper_nothing, const char *, "fault", const char *,
                    "on"),
    MAPPER_METHOD_2("add", add, "the sum of two numbers", IDEMPOTENT, double, double, "a", double,
                    "b"),
    MAPPER_METHOD_3("isBetween", is_between, "whether low <= value <= high", IDEMPOTENT, bool,
                    int64_t, "value", int64_t, "low", int64_t, "high"),
    MAPPER_METHOD_1("echo", echo, "the text itself", IDEMPOTENT, const char *, const char *,
                    "text"),
    MAPPER_METHOD_1("checksum", checksum, "CRC-32 of the bytes", IDEMPOTENT, uint64_t,
                    const mapper_bytes *, "bytes"),
    MAPPER_METHOD_1("draw", draw, "random bytes, the same for the same seed", IDEMPOTENT,
                    mapper_bytes, uint64_t, "count"),
    MAPPER_METHOD_1("sleep", sleep_for, "takes so many milliseconds; can be cancelled", IDEMPOTENT,
                    mapper_nothing, uint64_t, "ms"),
};

const mapper_methods virtual_methods = MAPPER_METHODS(rows);
