/* SPDX-License-Identifier: Apache-2.0
 *
 * mapper.discovery/1: a scan that finds as many devices as it is told to, and a device that tells
 * what it has. Text that goes to the sink is copied there, so it may live on the stack.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>

#include "virtual.h"
#include "scan_schema.h"

/* What each device of a scan has. */
static const mapper_found_property found_properties[] = {
    {.size = sizeof(mapper_found_property),
     .type = MAPPER_TYPE_F64,
     .access = MAPPER_ACCESS_READ,
     .name = "level",
     .summary = "a curve of 20 s",
     .unit = "m",
     .settings = "{\"kind\":\"sine\",\"offset\":5,\"amplitude\":2,\"period\":20000}"},
    {.size = sizeof(mapper_found_property),
     .type = MAPPER_TYPE_I64,
     .access = MAPPER_ACCESS_READ,
     .name = "fillings",
     .summary = "counts reads",
     .settings = "{\"kind\":\"counter\"}"},
    {.size = sizeof(mapper_found_property),
     .type = MAPPER_TYPE_F64,
     .access = MAPPER_ACCESS_READ | MAPPER_ACCESS_WRITE,
     .name = "target",
     .summary = "can be set, 0 to 10",
     .unit = "m",
     .settings = "{\"kind\":\"settable\",\"offset\":5,\"min\":0,\"max\":10}"},
};

#define FOUND_PROPERTIES (sizeof found_properties / sizeof found_properties[0])

/* The first one is a sure find, later ones less and less. */
static mapper_status tell(const mapper_call *call, const mapper_sink *sink, uint32_t number) {
  char name[32], title[64], settings[32];
  snprintf(name, sizeof name, "virtual-%u", (unsigned)number);
  snprintf(title, sizeof title, "Virtual device %u", (unsigned)number);
  snprintf(settings, sizeof settings, "{\"seed\":%u}", (unsigned)number);
  mapper_found found = {
      .size = sizeof found,
      .confidence = number < 10 ? 105 - 5 * number : 60,
      .name = name,
      .title = title,
      .settings = settings,
      .properties = found_properties,
      .count = FOUND_PROPERTIES,
      .stride = sizeof found_properties[0],
  };
  return sink->found(call, &found);
}

static mapper_status scan(mapper_host *host, const mapper_call *call,
                          const mapper_settings *options, const mapper_sink *sink) {
  (void)host;
  uint32_t count = (uint32_t)mapper_find_int(options, "count", 3);
  uint64_t delay_ms = (uint64_t)mapper_find_int(options, "delayMs", 100);
  for (uint32_t number = 1; number <= count; number++) {
    char text[48];
    int size = snprintf(text, sizeof text, "looking for device %u", (unsigned)number);
    mapper_status status = sink->progress(call, number - 1, count, text, (size_t)size);
    if (status != MAPPER_OK) return status;
    status = virtual_wait(delay_ms, call);
    if (status == MAPPER_TIMEOUT)
      return mapper_failf(virtual_api, call, status, "the time was up after %u of %u devices",
                          (unsigned)number - 1, (unsigned)count);
    if (status != MAPPER_OK) return status;
    status = tell(call, sink, number);
    if (status != MAPPER_OK && status != MAPPER_INVALID) return status;
  }
  return sink->progress(call, count, count, NULL, 0);
}

/* ---- describe ----------------------------------------------------------------------------- */

static void describe_point(const virtual_point *point, mapper_found_property *property) {
  bool writes = point->kind == KIND_SETTABLE || point->kind == KIND_FAULT;
  *property = (mapper_found_property){
      .size = sizeof *property,
      .type = point->type,
      .access = MAPPER_ACCESS_READ | (writes ? MAPPER_ACCESS_WRITE : 0),
      .name = point->name,
      .summary = virtual_kind_name(point->kind),
      .settings = virtual_point_settings(point),
  };
}

static mapper_status describe(mapper_device *device, const mapper_call *call,
                              const mapper_sink *sink) {
  char *settings = virtual_device_settings(device);
  mapper_found_property *properties = calloc(device->count + 1, sizeof *properties);
  mapper_found found = {
      .size = sizeof found,
      .confidence = 100,
      .title = "Virtual device",
      .settings = settings ? settings : "{}",
      .properties = properties,
      .stride = sizeof *properties,
  };
  mapper_status status = settings && properties ? MAPPER_OK : MAPPER_NO_MEMORY;
  for (uint32_t i = 0; i < device->count && status == MAPPER_OK; i++) {
    if (device->points[i].kind == KIND_NONE) continue;
    mapper_found_property *property = &properties[found.count++];
    describe_point(&device->points[i], property);
    if (!property->settings) status = MAPPER_NO_MEMORY;
  }
  if (status == MAPPER_OK) status = sink->found(call, &found);
  for (uint32_t i = 0; i < found.count; i++) free((void *)(uintptr_t)properties[i].settings);
  free(properties);
  free(settings);
  return status;
}

const mapper_discovery virtual_discovery = {
    .size = sizeof(mapper_discovery),
    .scan_schema = scan_schema,
    .scan = scan,
    .describe = describe,
};
