/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "settings.h"

#include <errno.h>
#include <math.h>
#include <modbus.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mapper/helpers.h"

void settings_describe(const mapper_value *value, char *text, size_t capacity) {
  switch (value->type) {
  case MAPPER_TYPE_I64:
    snprintf(text, capacity, "%lld", (long long)value->i64);
    break;
  case MAPPER_TYPE_F64:
    snprintf(text, capacity, "%.15g", value->f64);
    break;
  case MAPPER_TYPE_BOOL:
    snprintf(text, capacity, "%s", value->u64 ? "true" : "false");
    break;
  case MAPPER_TYPE_TEXT:
    snprintf(text, capacity, "\"%.60s\"", value->data ? (const char *)value->data : "");
    break;
  default:
    snprintf(text, capacity, "an object or a list");
    break;
  }
}

const char *settings_text(const mapper_settings *settings, const char *key) {
  return mapper_find_text(settings, key, NULL);
}

static bool unexpected(problem *problem, const char *key, const mapper_value *value,
                       const char *expected) {
  char found[80];
  settings_describe(value, found, sizeof found);
  return problem_is(problem, "%s: %s: expected %s", key, found, expected);
}

static bool to_number(const mapper_value *value, double *out) {
  if (value->type == MAPPER_TYPE_I64) {
    *out = (double)value->i64;
  } else if (value->type == MAPPER_TYPE_F64) {
    *out = value->f64;
  } else if (value->type == MAPPER_TYPE_TEXT && value->data) {
    const char *text = value->data;
    char *end;
    *out = strtod(text, &end);
    if (end == text || *end) return false;
  } else {
    return false;
  }
  return isfinite(*out);
}

/* In integers where it is one, so that no digit of a large one is lost. */
static bool to_whole(const mapper_value *value, int64_t *out) {
  if (value->type == MAPPER_TYPE_I64) {
    *out = value->i64;
    return true;
  }
  if (value->type == MAPPER_TYPE_TEXT && value->data) {
    const char *text = value->data;
    char *end;
    errno = 0;
    long long whole = strtoll(text, &end, 10);
    *out = whole;
    return end != text && *end == 0 && errno == 0;
  }
  double number;
  if (!to_number(value, &number) || number != floor(number) || fabs(number) > 1e15) return false;
  *out = (int64_t)number;
  return true;
}

bool settings_whole(const mapper_settings *settings, const char *key, int64_t low, int64_t high,
                    int64_t *out, problem *problem) {
  const mapper_value *value = mapper_find(settings, key);
  if (!value) return true;
  int64_t whole;
  if (!to_whole(value, &whole) || whole < low || whole > high) {
    char expected[80];
    snprintf(expected, sizeof expected, "a whole number from %lld to %lld", (long long)low,
             (long long)high);
    return unexpected(problem, key, value, expected);
  }
  *out = whole;
  return true;
}

bool settings_number(const mapper_settings *settings, const char *key, double *out,
                     problem *problem) {
  const mapper_value *value = mapper_find(settings, key);
  if (!value) return true;
  double number;
  if (!to_number(value, &number)) return unexpected(problem, key, value, "a number");
  *out = number;
  return true;
}

bool settings_truth(const mapper_settings *settings, const char *key, bool *out, problem *problem) {
  const mapper_value *value = mapper_find(settings, key);
  if (!value) return true;
  const char *text = settings_text(settings, key);
  if (value->type == MAPPER_TYPE_BOOL)
    *out = value->u64 != 0;
  else if (text && strcasecmp(text, "true") == 0)
    *out = true;
  else if (text && strcasecmp(text, "false") == 0)
    *out = false;
  else
    return unexpected(problem, key, value, "true or false");
  return true;
}

/* Only TCP so far: a manifest for a serial line is told so, whatever else it lacks. */
static bool refuse_serial(const mapper_settings *settings, problem *problem) {
  static const char only_tcp[] = "Modbus TCP (serial lines are not supported yet)";
  const mapper_value *mode = mapper_find(settings, "communicateMode");
  const char *text = settings_text(settings, "communicateMode");
  if (mode && (!text || strcasecmp(text, "TCP") != 0))
    return unexpected(problem, "communicateMode", mode, only_tcp);
  static const char *const ports[] = {"serialPort", "serialName"};
  for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
    const mapper_value *port = mapper_find(settings, ports[i]);
    if (port) return unexpected(problem, ports[i], port, only_tcp);
  }
  return true;
}

bool settings_endpoint(const mapper_settings *settings, endpoint *out, problem *problem) {
  memset(out, 0, sizeof *out);
  if (!refuse_serial(settings, problem)) return false;
  int64_t port = MODBUS_TCP_DEFAULT_PORT;
  if (!settings_whole(settings, "port", 1, 65535, &port, problem)) return false;

  const mapper_value *ip = mapper_find(settings, "ip");
  if (!ip) return problem_is(problem, "ip: missing: expected the device's IPv4 or IPv6 address");
  const char *text = settings_text(settings, "ip");
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
  struct addrinfo *found = NULL;
  char service[8];
  snprintf(service, sizeof service, "%d", (int)port);
  /* Numeric: a name could take longer to look up than any call may last. */
  if (!text || getaddrinfo(text, service, &hints, &found) != 0)
    return unexpected(problem, "ip", ip, "an IPv4 or IPv6 address");
  memcpy(&out->address, found->ai_addr, found->ai_addrlen);
  out->size = found->ai_addrlen;
  bool six = found->ai_family == AF_INET6;
  freeaddrinfo(found);

  char canonical[64];
  if (getnameinfo((struct sockaddr *)&out->address, out->size, canonical, sizeof canonical, NULL, 0,
                  NI_NUMERICHOST) != 0)
    return unexpected(problem, "ip", ip, "an IPv4 or IPv6 address");
  snprintf(out->name, sizeof out->name, six ? "[%s]:%d" : "%s:%d", canonical, (int)port);
  return true;
}

bool settings_device(const mapper_settings *settings, device_settings *out, problem *problem) {
  if (!settings_endpoint(settings, &out->endpoint, problem)) return false;
  if (!mapper_find(settings, "slaveID"))
    return problem_is(problem, "slaveID: missing: expected the unit's address, 0 to 255");
  int64_t unit = 0, max_gap = 16, max_registers = 124, timeout_ms = 0;
  if (!settings_whole(settings, "slaveID", 0, 255, &unit, problem) ||
      !settings_whole(settings, "maxGap", 0, 124, &max_gap, problem) ||
      !settings_whole(settings, "maxRegisters", 1, MODBUS_MAX_READ_REGISTERS, &max_registers,
                      problem) ||
      !settings_whole(settings, "timeoutMs", 0, 3600000, &timeout_ms, problem))
    return false;
  out->unit = (uint8_t)unit;
  out->max_gap = (uint16_t)max_gap;
  out->max_registers = (uint16_t)max_registers;
  out->timeout_ms = (uint32_t)timeout_ms;
  return true;
}
