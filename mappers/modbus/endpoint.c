/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "endpoint.h"

#include <modbus.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mapper/helpers.h"
#include "nested.h"
#include "serial.h"

/* A serial line that nobody answers on must not take all the time of a read. */
enum { RTU_TIMEOUT_MS = 1000 };

bool endpoint_is_rtu(const endpoint *endpoint) { return endpoint->transport != TRANSPORT_TCP; }

uint32_t endpoint_timeout_ms(const endpoint *endpoint) {
  return endpoint_is_rtu(endpoint) ? RTU_TIMEOUT_MS : 0;
}

/* The key that names the serial port; null: none does. */
static const char *port_key(const mapper_settings *settings) {
  static const char *const keys[] = {"serialPort", "serialName"}; /* the latter is KubeEdge's */
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
    if (mapper_find(settings, keys[i])) return keys[i];
  return NULL;
}

static bool parse_transport(const mapper_settings *settings, endpoint *out, problem *problem) {
  static const char *const modes[] = {"TCP", "RTU", "RTUOverTCP"};
  bool is_serial = port_key(settings) != NULL, is_ip = mapper_find(settings, "ip") != NULL;
  uint32_t mode = is_serial ? TRANSPORT_RTU : TRANSPORT_TCP;
  if (!settings_word(settings, "communicateMode", modes, 3, "TCP, RTU or RTUOverTCP", &mode,
                     problem))
    return false;
  if (is_serial && is_ip && !mapper_find(settings, "communicateMode"))
    return problem_is(problem, "communicateMode: missing: expected TCP, RTU or RTUOverTCP, since "
                               "both ip and a serial port are given");
  out->transport = (transport)mode;
  return true;
}

static bool parse_address(const mapper_settings *settings, endpoint *out, problem *problem) {
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
    return settings_unexpected(problem, "ip", ip, "an IPv4 or IPv6 address");
  memcpy(&out->address, found->ai_addr, found->ai_addrlen);
  out->size = found->ai_addrlen;
  bool six = found->ai_family == AF_INET6;
  freeaddrinfo(found);

  char canonical[64];
  if (getnameinfo((struct sockaddr *)&out->address, out->size, canonical, sizeof canonical, NULL, 0,
                  NI_NUMERICHOST) != 0)
    return settings_unexpected(problem, "ip", ip, "an IPv4 or IPv6 address");
  snprintf(out->name, sizeof out->name, six ? "[%s]:%d" : "%s:%d", canonical, (int)port);
  return true;
}

static bool parse_serial(const mapper_settings *settings, serial_settings *out, problem *problem) {
  static const char *const parities[] = {"none", "even", "odd", "N", "E", "O"};
  int64_t baud = 19200, data_bits = 8, stop_bits = 1; /* what the standard names as default */
  uint32_t parity = 1;
  if (!settings_whole(settings, "baudRate", 50, 4000000, &baud, problem) ||
      !settings_whole(settings, "dataBits", 5, 8, &data_bits, problem) ||
      !settings_whole(settings, "stopBits", 1, 2, &stop_bits, problem) ||
      !settings_word(settings, "parity", parities, 6, "none, even or odd", &parity, problem) ||
      !settings_truth(settings, "rs485Enabled", &out->rs485, problem))
    return false;
  if (!serial_has_rate((uint32_t)baud))
    return settings_unexpected(
        problem, "baudRate", mapper_find(settings, "baudRate"),
        "a usual rate: 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200 …");
  if (data_bits != 8)
    return settings_unexpected(problem, "dataBits", mapper_find(settings, "dataBits"),
                               "8: Modbus RTU sends whole bytes");
  const char *type = settings_text(settings, "serialType"); /* of KubeEdge's customizedValues */
  if (type && strcasecmp(type, "RS485") == 0) out->rs485 = true;
  out->baud = (uint32_t)baud;
  out->parity = "NEO"[parity % 3];
  out->stop_bits = (uint8_t)stop_bits;
  return true;
}

static bool parse_port(const mapper_settings *settings, endpoint *out, problem *problem) {
  const char *key = port_key(settings);
  static const char expected[] = "the path of a serial port, /dev/ttyUSB0 say";
  if (!key) return problem_is(problem, "serialPort: missing: expected %s", expected);
  const char *text = settings_text(settings, key);
  if (!text || text[0] != '/' || strlen(text) >= sizeof out->path)
    return settings_unexpected(problem, key, mapper_find(settings, key), expected);
  snprintf(out->path, sizeof out->path, "%s", text);
  /* Links lead to the same line as the port itself. One that is not there yet goes by its name. */
  char *real = realpath(text, NULL);
  bool fits = real && strlen(real) < sizeof out->name;
  snprintf(out->name, sizeof out->name, "%s", fits ? real : text);
  free(real);
  return parse_serial(settings, &out->serial, problem);
}

static bool parse_flat(const mapper_settings *settings, endpoint *out, problem *problem) {
  memset(out, 0, sizeof *out);
  if (!parse_transport(settings, out, problem)) return false;
  return out->transport == TRANSPORT_RTU ? parse_port(settings, out, problem)
                                         : parse_address(settings, out, problem);
}

bool endpoint_parse(const mapper_settings *settings, endpoint *out, problem *problem) {
  nested nested;
  if (!nested_open(settings, &nested, problem)) return false;
  bool is_good = parse_flat(&nested.all, out, problem);
  nested_free(&nested);
  return is_good;
}

bool device_settings_parse(const mapper_settings *settings, device_settings *out,
                           problem *problem) {
  static const char *const writes[] = {"auto", "mask", "readModifyWrite"};
  if (!endpoint_parse(settings, &out->endpoint, problem)) return false;
  bool is_rtu = endpoint_is_rtu(&out->endpoint);
  if (!mapper_find(settings, "slaveID"))
    return problem_is(problem, "slaveID: missing: expected the unit's address, %d to 255", is_rtu);
  int64_t unit = 0, max_gap = 16, max_registers = 124, timeout_ms = 0, delay_ms = 0;
  uint32_t bit_write = BIT_WRITE_AUTO;
  /* 0 on a serial line is all units at once, and none of them answers. */
  if (!settings_whole(settings, "slaveID", is_rtu, 255, &unit, problem) ||
      !settings_whole(settings, "maxGap", 0, 124, &max_gap, problem) ||
      !settings_whole(settings, "maxRegisters", 1, MODBUS_MAX_READ_REGISTERS, &max_registers,
                      problem) ||
      !settings_whole(settings, "timeoutMs", 0, 3600000, &timeout_ms, problem) ||
      !settings_whole(settings, "lineDelayMs", 0, 10000, &delay_ms, problem) ||
      !settings_word(settings, "bitWrite", writes, 3, "auto, mask or readModifyWrite", &bit_write,
                     problem))
    return false;
  out->unit = (uint8_t)unit;
  out->bit_write = (uint8_t)bit_write;
  out->max_gap = (uint16_t)max_gap;
  out->max_registers = (uint16_t)max_registers;
  out->timing.timeout_ms = timeout_ms ? (uint32_t)timeout_ms : endpoint_timeout_ms(&out->endpoint);
  out->timing.delay_ms = (uint32_t)delay_ms;
  return true;
}

void serial_describe(const serial_settings *serial, char *text, size_t capacity) {
  snprintf(text, capacity, "%u 8%c%u", serial->baud, serial->parity, serial->stop_bits);
}

/* Text as a JSON string holds it, without the quotes. */
static void escape(const char *from, char *to, size_t capacity) {
  size_t size = 0;
  for (; *from && size + 8 < capacity; from++) {
    unsigned char byte = (unsigned char)*from;
    if (byte < 0x20 || byte == '"' || byte == '\\')
      size += (size_t)snprintf(to + size, capacity - size, "\\u%04x", byte);
    else
      to[size++] = (char)byte;
  }
  to[size] = 0;
}

size_t device_settings_json(const device_settings *settings, char *text, size_t capacity) {
  const endpoint *endpoint = &settings->endpoint;
  char line[6 * ENDPOINT_PATH + 160];
  if (endpoint->transport == TRANSPORT_RTU) {
    const serial_settings *serial = &endpoint->serial;
    char path[6 * ENDPOINT_PATH + 8];
    escape(endpoint->path, path, sizeof path);
    snprintf(line, sizeof line,
             "\"communicateMode\":\"RTU\",\"serialPort\":\"%s\",\"baudRate\":%u,\"parity\":\"%s\","
             "\"stopBits\":%u%s",
             path, serial->baud,
             serial->parity == 'N'   ? "none"
             : serial->parity == 'E' ? "even"
                                     : "odd",
             serial->stop_bits, serial->rs485 ? ",\"rs485Enabled\":true" : "");
  } else {
    char host[64] = "", port[8] = "";
    getnameinfo((const struct sockaddr *)&endpoint->address, endpoint->size, host, sizeof host,
                port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(line, sizeof line, "\"communicateMode\":\"%s\",\"ip\":\"%s\",\"port\":%s",
             endpoint->transport == TRANSPORT_TCP ? "TCP" : "RTUOverTCP", host, port);
  }
  char more[160] = "";
  size_t size = 0;
#define MORE(condition, format, value)                                                             \
  if (condition) size += (size_t)snprintf(more + size, sizeof more - size, format, value)
  MORE(settings->max_gap != 16, ",\"maxGap\":%u", settings->max_gap);
  MORE(settings->max_registers != 124, ",\"maxRegisters\":%u", settings->max_registers);
  MORE(settings->timing.timeout_ms != endpoint_timeout_ms(endpoint), ",\"timeoutMs\":%u",
       settings->timing.timeout_ms);
  MORE(settings->timing.delay_ms, ",\"lineDelayMs\":%u", settings->timing.delay_ms);
  MORE(settings->bit_write, ",\"bitWrite\":\"%s\"",
       settings->bit_write == BIT_WRITE_MASK ? "mask" : "readModifyWrite");
#undef MORE
  int length = snprintf(text, capacity, "{%s,\"slaveID\":%u%s}", line, settings->unit, more);
  return length > 0 && (size_t)length < capacity ? (size_t)length : 0;
}
