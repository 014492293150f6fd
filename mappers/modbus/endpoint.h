/* SPDX-License-Identifier: Apache-2.0
 *
 * Which line a device sits on, and the other settings of a device.
 */
#ifndef MODBUS_ENDPOINT_H
#define MODBUS_ENDPOINT_H

#include <sys/socket.h>

#include "settings.h"

typedef enum transport {
  TRANSPORT_TCP,
  TRANSPORT_RTU,         /* a serial line */
  TRANSPORT_RTU_OVER_TCP /* the frames of a serial line, through a gateway that passes bytes on */
} transport;

typedef struct serial_settings {
  uint32_t baud;
  char parity; /* 'N', 'E', 'O' */
  uint8_t stop_bits;
  bool rs485; /* the kernel switches the transmitter */
} serial_settings;

enum { ENDPOINT_PATH = 128 };

typedef struct endpoint {
  transport transport;
  struct sockaddr_storage address; /* but for serial lines */
  socklen_t size;
  serial_settings serial;
  char path[ENDPOINT_PATH]; /* of the serial line, as given */
  /* Of the lane: "10.0.0.7:502", "[fd00::7]:502", "/dev/ttyUSB0"; the same for all spellings. */
  char name[ENDPOINT_PATH];
} endpoint;

typedef struct line_timing {
  uint32_t timeout_ms; /* per request; 0: the call's deadline alone */
  uint32_t delay_ms;   /* at least so long between what came last on the line and a request */
} line_timing;

typedef enum bit_write {
  BIT_WRITE_AUTO, /* function 22, or reading and writing where the device has no such function */
  BIT_WRITE_MASK,
  BIT_WRITE_READ_MODIFY
} bit_write;

typedef struct device_settings {
  endpoint endpoint;
  uint8_t unit;
  uint8_t bit_write;
  uint16_t max_gap;       /* unused registers that are read along rather than asked around */
  uint16_t max_registers; /* in one read, 1 to 125 */
  line_timing timing;
} device_settings;

bool endpoint_is_rtu(const endpoint *endpoint);

/* Of a device, or of a scan: which line it is. Looks up what a serial port's links lead to. */
bool endpoint_parse(const mapper_settings *settings, endpoint *out, problem *problem);

/* All settings of a device. */
bool device_settings_parse(const mapper_settings *settings, device_settings *out, problem *problem);

/* The least time to wait for one request where nothing is said. */
uint32_t endpoint_timeout_ms(const endpoint *endpoint);

/* "19200 8E1". */
void serial_describe(const serial_settings *serial, char *text, size_t capacity);

/* A JSON object with the settings of a device like this, as device.schema.json has them; those at
 * their default are left out. Returns its length, or 0 if it does not fit. */
size_t device_settings_json(const device_settings *settings, char *text, size_t capacity);

#endif
