/* SPDX-License-Identifier: Apache-2.0
 *
 * Which units answer on a line, and what a device says of itself.
 */
#include <modbus.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "identity.h"
#include "link.h"
#include "mapper/helpers.h"
#include "module.h"
#include "scan_schema.h"

/* How sure it is that a unit is a device, by what it answered. */
enum { SURE_IDENTIFIED = 95, SURE_DATA = 80, SURE_EXCEPTION = 60 };
enum { SETTINGS_ROOM = 1280, TITLE_ROOM = 256 };

/* One scan, or what is asked of one device. */
typedef struct scan {
  const mapper_call *call;
  const mapper_sink *sink;
  line *line;
  device_settings settings; /* what a device there would have */
  line_timing timing;       /* of the scan itself */
  int64_t first, last;
  identity identity;
} scan;

/* A serial line, also one behind a gateway, has one talker at a time. To a TCP device a scan makes
 * a connection of its own. */
static bool is_shared(const endpoint *endpoint) { return endpoint_is_rtu(endpoint); }

static size_t scan_lane(const mapper_settings *options, char *key, size_t capacity) {
  endpoint endpoint;
  problem problem;
  if (!endpoint_parse(options, &endpoint, &problem) || !is_shared(&endpoint)) return 0;
  size_t size = strlen(endpoint.name);
  if (size > capacity) return 0;
  memcpy(key, endpoint.name, size);
  return size;
}

static bool parse(const mapper_settings *options, scan *scan, problem *problem) {
  int64_t timeout_ms = 200, delay_ms = 0;
  device_settings *settings = &scan->settings;
  *settings = (device_settings){.max_gap = 16, .max_registers = 124};
  if (!endpoint_parse(options, &settings->endpoint, problem)) return false;
  int64_t lowest = endpoint_is_rtu(&settings->endpoint);
  scan->first = 1;
  scan->last = 247;
  if (!settings_whole(options, "unitFrom", lowest, 255, &scan->first, problem) ||
      !settings_whole(options, "unitTo", lowest, 255, &scan->last, problem) ||
      !settings_whole(options, "timeoutMs", 1, 60000, &timeout_ms, problem) ||
      !settings_whole(options, "lineDelayMs", 0, 10000, &delay_ms, problem))
    return false;
  if (scan->first > scan->last)
    return problem_is(problem, "unitTo: %d: expected unitFrom, which is %d, or more",
                      (int)scan->last, (int)scan->first);
  settings->timing = (line_timing){endpoint_timeout_ms(&settings->endpoint), (uint32_t)delay_ms};
  scan->timing = (line_timing){(uint32_t)timeout_ms, (uint32_t)delay_ms};
  return true;
}

/* Hands one unit to the sink. */
static mapper_status tell(const scan *scan, uint32_t confidence, const char *title) {
  char text[SETTINGS_ROOM], name[24];
  device_settings_json(&scan->settings, text, sizeof text);
  snprintf(name, sizeof name, "modbus-%u", scan->settings.unit);
  mapper_found found = {.size = sizeof found,
                        .confidence = confidence,
                        .name = name,
                        .title = *title ? title : NULL,
                        .settings = text,
                        .stride = sizeof(mapper_found_property)};
  mapper_status status = scan->sink->found(scan->call, &found);
  return MAPPER_STATUS_CLASS(status) == MAPPER_INVALID ? MAPPER_OK : status;
}

static bool is_silence(mapper_status status) {
  mapper_status class = MAPPER_STATUS_CLASS(status);
  return class == MAPPER_TIMEOUT || class == MAPPER_PROTOCOL || class == MAPPER_UNAVAILABLE;
}

static bool is_over(const mapper_call *call) { return api->deadline_ns(call) <= link_now_ns(); }

static bool is_of_gateway(uint8_t exception) {
  return exception == MODBUS_EXCEPTION_GATEWAY_PATH || exception == MODBUS_EXCEPTION_GATEWAY_TARGET;
}

/* Asks for the first holding register: whatever comes, somebody is there. Then for its name. The
 * status is that of the first request if it failed, so that nobody was found; else the sink's. */
static mapper_status ask_unit(scan *scan) {
  const device_settings *settings = &scan->settings;
  frame_answer answer;
  frame_request request = {settings->unit, MODBUS_FC_READ_HOLDING_REGISTERS, 0, 1, NULL};
  mapper_status status = line_exchange(scan->line, scan->call, &request, scan->timing, &answer);
  if (status != MAPPER_OK) return status;
  if (is_of_gateway(answer.exception))
    return mapper_failf(api, scan->call, MAPPER_STATUS(MAPPER_TIMEOUT, answer.exception),
                        "unit %u: exception %u, %s", settings->unit, answer.exception,
                        frame_exception_text(answer.exception));
  uint32_t confidence = answer.exception ? SURE_EXCEPTION : SURE_DATA;

  char title[TITLE_ROOM] = "";
  uint8_t exception = 0;
  status = identity_read(scan->line, scan->call, settings->unit, scan->timing, false,
                         &scan->identity, &exception);
  if (status == MAPPER_OK && !exception) {
    confidence = SURE_IDENTIFIED;
    identity_title(&scan->identity, title, sizeof title);
  }
  return tell(scan, confidence, title); /* it was there, whatever came of its name */
}

static mapper_status ask_all(scan *scan) {
  uint32_t total = (uint32_t)(scan->last - scan->first + 1);
  for (uint32_t done = 0; done <= total; done++) {
    char text[40] = "";
    int size =
        done < total ? snprintf(text, sizeof text, "unit %d", (int)scan->first + (int)done) : 0;
    mapper_status status = scan->sink->progress(scan->call, done, total, text, (size_t)size);
    if (status != MAPPER_OK || done == total) return status;
    if (api->cancelled(scan->call))
      return mapper_failf(api, scan->call, MAPPER_CANCELLED, "cancelled before %s", text);
    if (is_over(scan->call))
      return mapper_failf(api, scan->call, MAPPER_TIMEOUT, "no time left for %s and those after it",
                          text);
    scan->settings.unit = (uint8_t)(scan->first + done);
    status = line_ready(scan->line, scan->call); /* some gateways hang up on units they lack */
    if (status != MAPPER_OK) return status;
    status = ask_unit(scan);
    /* A unit that is silent, or that nobody understands, is none. */
    bool is_none = is_silence(status) && !is_over(scan->call);
    if (status != MAPPER_OK && !is_none) return status;
  }
  return MAPPER_OK;
}

static mapper_status scan_units(mapper_host *host, const mapper_call *call,
                                const mapper_settings *options, const mapper_sink *sink) {
  problem problem;
  scan *scan = calloc(1, sizeof *scan);
  if (!scan) return mapper_failf(api, call, MAPPER_NO_MEMORY, "out of memory");
  scan->call = call;
  scan->sink = sink;
  mapper_status status = MAPPER_OK;
  if (!parse(options, scan, &problem)) {
    status = mapper_failf(api, call, MAPPER_INVALID, "%s", problem.text);
  } else {
    const endpoint *endpoint = &scan->settings.endpoint;
    scan->line =
        is_shared(endpoint) ? line_acquire(endpoint, host) : line_acquire_private(endpoint, host);
    status = scan->line ? line_open(scan->line, endpoint, call)
                        : mapper_failf(api, call, MAPPER_NO_MEMORY, "out of memory");
    if (status == MAPPER_OK) {
      status = ask_all(scan);
      line_close(scan->line);
    }
    if (scan->line) line_release(scan->line);
  }
  free(scan);
  return status;
}

static mapper_status describe(mapper_device *device, const mapper_call *call,
                              const mapper_sink *sink) {
  scan *scan = calloc(1, sizeof *scan);
  if (!scan) return mapper_failf(api, call, MAPPER_NO_MEMORY, "out of memory");
  scan->call = call;
  scan->sink = sink;
  scan->line = device->line;
  scan->settings = device->settings;
  scan->timing = device->settings.timing;
  mapper_status status = line_ready(scan->line, call);
  if (status == MAPPER_OK) status = ask_unit(scan);
  free(scan);
  return status;
}

const mapper_discovery modbus_discovery = {
    .size = sizeof(mapper_discovery),
    .scan_schema = scan_schema,
    .lane = scan_lane,
    .scan = scan_units,
    .describe = describe,
};
