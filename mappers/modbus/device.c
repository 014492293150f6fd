/* SPDX-License-Identifier: Apache-2.0 */
#include "device.h"

#include <modbus.h>
#include <stdlib.h>
#include <string.h>

#include "device_schema.h"
#include "mapper/helpers.h"
#include "module.h"
#include "point_schema.h"

/* One for each cycle of the device's points, with some to spare for single reads. */
enum { PLANS_KEPT = 16 };

static size_t lane(const mapper_settings *settings, char *key, size_t capacity) {
  endpoint endpoint;
  problem problem;
  if (!endpoint_parse(settings, &endpoint, &problem)) return 0; /* create will say why */
  size_t size = strlen(endpoint.name);
  if (size > capacity) return 0;
  memcpy(key, endpoint.name, size);
  return size;
}

static mapper_status create(mapper_host *host, uint64_t token, const mapper_settings *settings,
                            const mapper_call *call, mapper_device **out) {
  (void)token;
  problem problem;
  mapper_device *device = calloc(1, sizeof *device);
  if (!device) return mapper_failf(api, call, MAPPER_NO_MEMORY, "out of memory");
  if (!device_settings_parse(settings, &device->settings, &problem)) {
    free(device);
    return mapper_failf(api, call, MAPPER_INVALID, "%s", problem.text);
  }
  device->line = line_acquire(&device->settings.endpoint, host);
  if (!device->line) {
    free(device);
    return mapper_failf(api, call, MAPPER_NO_MEMORY, "out of memory");
  }
  *out = device;
  return MAPPER_OK;
}

static void forget_points(mapper_device *device) {
  device_forget_plans(device);
  point_list_release(device->points);
  device->points = NULL;
  free(device->is_apart);
  device->is_apart = NULL;
  device->split_ns = 0;
}

static mapper_status bind_points(mapper_device *device, const mapper_call *call,
                                 const mapper_point *given, uint32_t count,
                                 mapper_status *results) {
  point_list *points = point_list_make(count);
  if (!points) return mapper_failf(api, call, MAPPER_NO_MEMORY, "out of memory");
  for (uint32_t i = 0; i < count; i++) {
    problem problem;
    bool is_good =
        point_parse(&given[i], device->settings.max_registers, &points->items[i], &problem);
    results[i] =
        is_good ? MAPPER_OK : mapper_fail_itemf(api, call, i, MAPPER_INVALID, "%s", problem.text);
  }
  forget_points(device);
  device->points = point_list_share(points);
  return MAPPER_OK;
}

static mapper_status open_device(mapper_device *device, const mapper_call *call) {
  device_join_points(device);
  device->lacks_mask_write = false;
  return line_open(device->line, &device->settings.endpoint, call);
}

static void close_device(mapper_device *device) { line_close(device->line); }

static void destroy(mapper_device *device) {
  forget_points(device);
  line_release(device->line);
  free(device);
}

void device_forget_plans(mapper_device *device) {
  while (device->plans) {
    plan *plan = device->plans;
    device->plans = plan->next;
    plan_free(plan);
  }
  device->plan_count = 0;
}

void device_set_apart(mapper_device *device, uint32_t id, bool is_apart) {
  if (!device->is_apart && is_apart)
    device->is_apart = calloc(device->points->count, sizeof *device->is_apart);
  if (device->is_apart) device->is_apart[id] = is_apart;
}

void device_join_points(mapper_device *device) {
  if (!device->split_ns) return;
  free(device->is_apart);
  device->is_apart = NULL;
  device->split_ns = 0;
  device_forget_plans(device);
}

plan *device_plan(mapper_device *device, const uint32_t *ids, uint32_t count) {
  plan **link = &device->plans, **last = link;
  for (; *link; link = &(*link)->next) {
    plan *found = *link;
    if (found->count == count && memcmp(found->ids, ids, count * sizeof *ids) == 0) {
      *link = found->next; /* to the front */
      found->next = device->plans;
      return device->plans = found;
    }
    last = link;
  }
  if (device->plan_count == PLANS_KEPT) {
    plan_free(*last);
    *last = NULL;
    device->plan_count--;
  }
  plan_limits limits = {device->settings.max_gap, device->settings.max_registers};
  plan *made = plan_make(device->points, device->is_apart, ids, count, limits);
  if (!made) return NULL;
  made->next = device->plans;
  device->plans = made;
  device->plan_count++;
  return made;
}

mapper_status device_ask(mapper_device *device, const mapper_call *call,
                         const frame_request *request, frame_answer *answer) {
  return line_exchange(device->line, call, request, device->settings.timing, answer);
}

mapper_status device_exception(uint8_t exception) {
  mapper_status class;
  switch (exception) {
  case MODBUS_EXCEPTION_ILLEGAL_FUNCTION:
    class = MAPPER_UNSUPPORTED;
    break;
  case MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS:
    class = MAPPER_NOT_FOUND;
    break;
  case MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE:
    class = MAPPER_INVALID;
    break;
  case MODBUS_EXCEPTION_ACKNOWLEDGE:
  case MODBUS_EXCEPTION_SLAVE_OR_SERVER_BUSY:
    class = MAPPER_BUSY;
    break;
  case MODBUS_EXCEPTION_GATEWAY_PATH:
  case MODBUS_EXCEPTION_GATEWAY_TARGET:
    class = MAPPER_TIMEOUT;
    break;
  default:
    class = MAPPER_INTERNAL;
    break;
  }
  return MAPPER_STATUS(class, exception);
}

static const void *query(const char *id) {
  if (strcmp(id, MAPPER_EXT_METHODS) == 0) return &modbus_methods;
  if (strcmp(id, MAPPER_EXT_DISCOVERY) == 0) return &modbus_discovery;
  return NULL;
}

const mapper_driver modbus_driver = {
    .size = sizeof(mapper_driver),
    .id = "modbus",
    .title = "Modbus TCP and RTU",
    .device_schema = device_schema,
    .point_schema = point_schema,
    .lane = lane,
    .create = create,
    .bind = bind_points,
    .open = open_device,
    .read = device_read,
    .write = device_write,
    .close = close_device,
    .destroy = destroy,
    .query = query,
};
