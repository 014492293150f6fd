/* SPDX-License-Identifier: Apache-2.0
 *
 * A mapper for "@NAME@" devices. As it stands it drives a device that exists in memory only: a
 * set point that can be read and set, and a count of readings. Replace what is marked "the device"
 * with your protocol, one function at a time; it works after every step.
 *
 * The life of a device:   create → bind → open → read, write … → close → destroy
 * All of these run on the host's threads, one call at a time per lane, and may block until the
 * call's deadline. The headers say what each may do: mapper/driver.h, mapper/host.h,
 * mapper/types.h.
 */
#include <stdlib.h>

#include "mapper/helpers.h"

#include "device_schema.h"
#include "point_schema.h"

/* The host, from load to unload. */
static mapper_host *host;
static const mapper_host_api *api;

/* What one point stands for on the device. A real protocol keeps a parsed address here. */
typedef enum kind { KIND_NONE, KIND_SET_POINT, KIND_READINGS } kind;

typedef struct point {
  kind kind;
} point;

/* One device. The host holds a pointer to it and never looks inside. */
struct mapper_device {
  point *points; /* by id */
  uint32_t count;

  double start; /* the setting "start" */

  /* The device. */
  double set_point;
  uint64_t readings;
};

/* Makes a device out of its settings. They were checked against device.schema.json and defaults are
 * filled in; check here what a schema cannot say. No I/O: connecting is for open. */
static mapper_status create(mapper_host *of, uint64_t token, const mapper_settings *settings,
                            const mapper_call *call, mapper_device **out) {
  (void)of;
  (void)token; /* keep it if you tell the host of link changes: api->link(host, token, …) */
  (void)call;
  mapper_device *device = calloc(1, sizeof *device);
  if (!device) return MAPPER_NO_MEMORY;
  device->start = mapper_find_number(settings, "start", 20);
  *out = device;
  return MAPPER_OK;
}

/* Whether a value of this type can be written to the set point, see to_number. NONE is a point
 * whose type the host does not know. */
static bool is_number(mapper_type type) {
  return type == MAPPER_TYPE_NONE || type == MAPPER_TYPE_I64 || type == MAPPER_TYPE_F32 ||
         type == MAPPER_TYPE_F64;
}

/* Takes over the whole set of points, with ids 0, 1, 2 … Parse each address here, once: read and
 * write get ids only. A point that cannot be served gets its reason; the others still work. */
static mapper_status bind(mapper_device *device, const mapper_call *call,
                          const mapper_point *points, uint32_t count, mapper_status *results) {
  free(device->points);
  device->count = 0;
  device->points = calloc(count ? count : 1, sizeof *device->points);
  if (!device->points) return MAPPER_NO_MEMORY;
  device->count = count;

  for (uint32_t i = 0; i < count; i++) {
    const char *address = mapper_find_text(&points[i].settings, "address", "");
    bool settable = (points[i].access & MAPPER_ACCESS_WRITE) != 0;
    results[i] = MAPPER_OK;
    if (strcmp(address, "setPoint") == 0 && settable && !is_number(points[i].type)) {
      results[i] =
          mapper_fail_itemf(api, call, i, MAPPER_TYPE,
                            "%s: address setPoint: expected INT, FLOAT or DOUBLE", points[i].name);
    } else if (strcmp(address, "setPoint") == 0) {
      device->points[i].kind = KIND_SET_POINT;
    } else if (strcmp(address, "readings") == 0 && settable) {
      results[i] = mapper_fail_itemf(api, call, i, MAPPER_DENIED,
                                     "%s: address readings cannot be set: expected ReadOnly",
                                     points[i].name);
    } else if (strcmp(address, "readings") == 0) {
      device->points[i].kind = KIND_READINGS;
    } else {
      results[i] = mapper_fail_itemf(api, call, i, MAPPER_NOT_FOUND,
                                     "%s: address '%s': expected setPoint or readings",
                                     points[i].name, address);
    }
  }
  return MAPPER_OK;
}

/* Connects. When it fails the host calls again, later and later. A driver that waits polls its
 * socket beside api->cancel_fd(call), for mapper_timeout_ms() at most, and says what it tried:
 *   return mapper_failf(api, call, MAPPER_UNAVAILABLE, "10.0.0.7:502: %s", strerror(errno)); */
static mapper_status open_device(mapper_device *device, const mapper_call *call) {
  (void)call;
  device->set_point = device->start;
  return MAPPER_OK;
}

/* Reads points: ask the device once for as many as its protocol allows. Give each value in the
 * device's own type; the host turns it into the property's. The value returned speaks for the link,
 * the status of each sample for its point. */
static mapper_status read_points(mapper_device *device, const mapper_call *call,
                                 const uint32_t *points, uint32_t count, mapper_sample *out) {
  (void)call;
  device->readings++;
  for (uint32_t i = 0; i < count; i++) {
    const point *asked = points[i] < device->count ? &device->points[points[i]] : NULL;
    if (!asked || asked->kind == KIND_NONE) {
      out[i].status = MAPPER_NOT_FOUND;
      continue;
    }
    out[i].status = MAPPER_OK;
    out[i].value = asked->kind == KIND_SET_POINT ? mapper_float(MAPPER_TYPE_F64, device->set_point)
                                                 : mapper_uint(MAPPER_TYPE_U64, device->readings);
  }
  return MAPPER_OK;
}

/* The number in a value to write. It has the property's type: INT comes as I64, FLOAT as F32,
 * DOUBLE as F64. */
static bool to_number(const mapper_value *value, double *number) {
  if (value->type == MAPPER_TYPE_I64)
    *number = (double)value->i64;
  else if (value->type == MAPPER_TYPE_F32 || value->type == MAPPER_TYPE_F64)
    *number = value->f64;
  else
    return false;
  return true;
}

/* Writes values, in order. INVALID, TYPE, DENIED, UNSUPPORTED and NOT_FOUND are final; after any
 * other failure the host tries again. */
static mapper_status write_points(mapper_device *device, const mapper_call *call,
                                  const mapper_write *writes, uint32_t count,
                                  mapper_status *results) {
  for (uint32_t i = 0; i < count; i++) {
    uint32_t id = writes[i].point;
    double number;
    if (id >= device->count || device->points[id].kind != KIND_SET_POINT)
      results[i] = MAPPER_NOT_FOUND;
    else if (!to_number(&writes[i].value, &number))
      results[i] = mapper_fail_itemf(api, call, i, MAPPER_TYPE, "expected a number");
    else {
      device->set_point = number;
      results[i] = MAPPER_OK;
    }
  }
  return MAPPER_OK;
}

/* Disconnects. Always succeeds; open may follow. */
static void close_device(mapper_device *device) { (void)device; }

/* Frees the device. Never called while it is open. */
static void destroy(mapper_device *device) {
  free(device->points);
  free(device);
}

/* The driver: what the host may call. `id` is the protocolName that devices give. Two devices that
 * share a line or connection need a `lane` function that gives them the same key. */
static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "@NAME@",
    .title = "@NAME@ devices",
    .device_schema = device_schema, /* device.schema.json */
    .point_schema = point_schema,   /* point.schema.json */
    .create = create,
    .bind = bind,
    .open = open_device,
    .read = read_points,
    .write = write_points,
    .close = close_device,
    .destroy = destroy,
};

/* Called once, first. */
static mapper_status load(mapper_host *to, const mapper_host_api *table) {
  host = to;
  api = table;
  mapper_logf(api, host, MAPPER_LOG_DEBUG, "@NAME@ loaded");
  return MAPPER_OK;
}

static const mapper_driver *driver_at(uint32_t index) { return index == 0 ? &driver : NULL; }

/* The one symbol that the library shows. */
MAPPER_EXPORT const mapper_entry_v1 mapper_entry = {
    .size = sizeof(mapper_entry_v1),
    .abi_major = MAPPER_ABI_MAJOR,
    .abi_minor = MAPPER_ABI_TARGET,
    .name = "@NAME@",
    .version = "0.1.0",
    .load = load,
    .driver = driver_at,
};
