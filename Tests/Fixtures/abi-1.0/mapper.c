/* SPDX-License-Identifier: Apache-2.0
 *
 * A mapper of ABI 1.0, as its author had it: with declarations of its own, as 1.0 had them. This
 * file never changes. Whatever include/ becomes, every later host of major 1 loads what it gives.
 *
 * Driver id "frozen". Points of any type but text and bytes; what is written is what is read, at
 * first 0. Written values are reported to the subscription, which serves all points but the first.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- ABI 1.0, frozen ---------------------------------------------------------------------- */

typedef int32_t status;
enum { OK = 0, NO_MEMORY = 11, UNSUPPORTED = 5, NOT_FOUND = 4 };

typedef struct value {
  uint16_t type, flags;
  uint32_t count;
  union {
    int64_t i64;
    uint64_t u64;
    double f64;
    const void *data;
  } is;
} value;

typedef struct sample {
  uint32_t point;
  int32_t status;
  uint32_t quality, reserved;
  int64_t source_ns;
  value value;
} sample;

typedef struct write {
  uint32_t point, reserved;
  value value;
} write;

typedef struct setting {
  const char *key;
  value value;
} setting;

typedef struct settings {
  const setting *items;
  uint64_t count;
} settings;

typedef struct point {
  uint32_t id;
  uint16_t type, access;
  const char *name;
  settings settings;
  uint32_t cycle_ms, reserved;
} point;

typedef struct host host;
typedef struct call call;
typedef struct device device;

typedef struct host_api {
  uint32_t size, abi_minor;
  void (*log)(host *, int32_t, const char *, size_t);
  status (*report)(host *, uint64_t, const sample *, uint32_t);
  void (*link)(host *, uint64_t, int32_t, status, const char *, size_t);
  bool (*cancelled)(const call *);
  int32_t (*cancel_fd)(const call *);
  int64_t (*deadline_ns)(const call *);
  void *(*alloc)(const call *, size_t, size_t);
  status (*fail)(const call *, status, const char *, size_t);
  status (*fail_item)(const call *, uint32_t, status, const char *, size_t);
  const void *(*query)(host *, const char *);
} host_api;

typedef struct driver_table {
  uint32_t size, flags;
  const char *id, *title, *device_schema, *point_schema;
  size_t (*lane)(const settings *, char *, size_t);
  status (*create)(host *, uint64_t, const settings *, const call *, device **);
  status (*bind)(device *, const call *, const point *, uint32_t, status *);
  status (*open)(device *, const call *);
  status (*read)(device *, const call *, const uint32_t *, uint32_t, sample *);
  status (*write)(device *, const call *, const write *, uint32_t, status *);
  void (*close)(device *);
  void (*destroy)(device *);
  const void *(*query)(const char *);
} driver_table;

typedef struct entry_table {
  uint32_t size, abi_major, abi_minor, flags;
  const char *name, *version;
  status (*load)(host *, const host_api *);
  void (*unload)(void);
  const driver_table *(*driver)(uint32_t);
} entry_table;

typedef struct subscribe_table {
  uint32_t size, flags;
  status (*start)(device *, const call *, uint64_t, const uint32_t *, uint32_t, uint32_t, status *);
  void (*stop)(device *, uint64_t);
} subscribe_table;

_Static_assert(sizeof(sample) == 40 && sizeof(write) == 24 && sizeof(point) == 40, "as 1.0");
_Static_assert(sizeof(host_api) == 8 + 10 * sizeof(void *), "as 1.0");
_Static_assert(sizeof(driver_table) == 8 + 13 * sizeof(void *), "as 1.0");
_Static_assert(sizeof(entry_table) == 16 + 5 * sizeof(void *), "as 1.0");
_Static_assert(sizeof(subscribe_table) == 8 + 2 * sizeof(void *), "as 1.0");

/* ---- the mapper --------------------------------------------------------------------------- */

struct device {
  pthread_mutex_t lock; /* guards the subscription, which stop may end beside a write */
  value *values;
  uint32_t count;
  uint64_t subscription;
  bool is_subscribed;
};

static host *own_host;
static const host_api *api;

static status load(host *given, const host_api *table) {
  own_host = given;
  api = table;
  api->log(own_host, 3, "frozen at 1.0", 13);
  return OK;
}

static status create(host *given, uint64_t token, const settings *all, const call *context,
                     device **out) {
  (void)given, (void)token, (void)context;
  for (uint64_t i = 0; i < all->count; i++)
    if (strcmp(all->items[i].key, "refuse") == 0)
      return api->fail(context, NOT_FOUND, "asked to refuse", 15);
  device *made = calloc(1, sizeof *made);
  if (!made) return NO_MEMORY;
  pthread_mutex_init(&made->lock, NULL);
  *out = made;
  return OK;
}

static status bind_points(device *own, const call *context, const point *points, uint32_t count,
                          status *results) {
  (void)context;
  free(own->values);
  own->values = calloc(count ? count : 1, sizeof *own->values);
  if (!own->values) return NO_MEMORY;
  own->count = count;
  for (uint32_t i = 0; i < count; i++) {
    own->values[i] = (value){.type = points[i].type ? points[i].type : 8, .count = 1};
    results[i] = points[i].type < 12 ? OK : UNSUPPORTED; /* text and bytes would need a copy */
  }
  return OK;
}

static status open_device(device *own, const call *context) {
  (void)own;
  return api->cancelled(context) || api->deadline_ns(context) <= 0 ? UNSUPPORTED : OK;
}

static status read_points(device *own, const call *context, const uint32_t *points, uint32_t count,
                          sample *out) {
  (void)context;
  for (uint32_t i = 0; i < count; i++) {
    out[i].status = points[i] < own->count ? OK : NOT_FOUND;
    if (points[i] < own->count) out[i].value = own->values[points[i]];
  }
  return OK;
}

static status write_points(device *own, const call *context, const write *writes, uint32_t count,
                           status *results) {
  for (uint32_t i = 0; i < count; i++) {
    uint32_t id = writes[i].point;
    if (id >= own->count) {
      results[i] = api->fail_item(context, i, NOT_FOUND, "no such point", 13);
      continue;
    }
    own->values[id] = writes[i].value;
    results[i] = OK;
    sample now = {.point = id, .value = writes[i].value};
    pthread_mutex_lock(&own->lock);
    bool is_subscribed = own->is_subscribed && id > 0;
    uint64_t subscription = own->subscription;
    pthread_mutex_unlock(&own->lock);
    if (is_subscribed) api->report(own_host, subscription, &now, 1);
  }
  return OK;
}

static void close_device(device *own) { (void)own; }

static void destroy(device *own) {
  pthread_mutex_destroy(&own->lock);
  free(own->values);
  free(own);
}

static status start(device *own, const call *context, uint64_t subscription, const uint32_t *points,
                    uint32_t count, uint32_t min_interval_ms, status *results) {
  (void)context, (void)min_interval_ms;
  for (uint32_t i = 0; i < count; i++) results[i] = points[i] > 0 ? OK : UNSUPPORTED;
  pthread_mutex_lock(&own->lock);
  own->subscription = subscription;
  own->is_subscribed = true;
  pthread_mutex_unlock(&own->lock);
  return OK;
}

static void stop(device *own, uint64_t subscription) {
  pthread_mutex_lock(&own->lock);
  if (own->subscription == subscription) own->is_subscribed = false;
  pthread_mutex_unlock(&own->lock);
}

static const subscribe_table subscribe = {sizeof subscribe, 0, start, stop};

static const void *query(const char *id) {
  return strcmp(id, "mapper.subscribe/1") == 0 ? &subscribe : NULL;
}

static const driver_table driver = {
    sizeof driver, 0,       "frozen",    "Frozen at ABI 1.0", NULL,        NULL,
    NULL,          create,  bind_points, open_device,         read_points, write_points,
    close_device,  destroy, query,
};

static const driver_table *driver_at(uint32_t index) { return index == 0 ? &driver : NULL; }

__attribute__((visibility("default"))) const entry_table mapper_entry = {
    sizeof mapper_entry, 1, 0, 0, "frozen", "1.0.0", load, NULL, driver_at};
