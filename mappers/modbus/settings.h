/* SPDX-License-Identifier: Apache-2.0
 *
 * The settings of a device, and how one setting is read.
 *
 * KubeEdge manifests write numbers and truth values as such or as text ("5502"): both are taken.
 */
#ifndef MODBUS_SETTINGS_H
#define MODBUS_SETTINGS_H

#include <sys/socket.h>

#include "mapper/mapper.h"
#include "problem.h"

typedef struct endpoint {
  struct sockaddr_storage address;
  socklen_t size;
  char name[72]; /* "10.0.0.7:502" or "[fd00::7]:502", the same for all spellings of an address */
} endpoint;

typedef struct device_settings {
  endpoint endpoint;
  uint8_t unit;
  uint16_t max_gap;       /* unused registers that are read along rather than asked around */
  uint16_t max_registers; /* in one read, 1 to 125 */
  uint32_t timeout_ms;    /* per request; 0: the call's deadline alone */
} device_settings;

bool settings_device(const mapper_settings *settings, device_settings *out, problem *problem);

/* The part of it that names the line. */
bool settings_endpoint(const mapper_settings *settings, endpoint *out, problem *problem);

/* Each leaves *out alone when the setting is absent, and fails when it is of the wrong kind or out
 * of range. */
bool settings_whole(const mapper_settings *settings, const char *key, int64_t low, int64_t high,
                    int64_t *out, problem *problem);
bool settings_number(const mapper_settings *settings, const char *key, double *out,
                     problem *problem);
bool settings_truth(const mapper_settings *settings, const char *key, bool *out, problem *problem);

/* The text of a setting; null when it is absent or no text. */
const char *settings_text(const mapper_settings *settings, const char *key);

/* A setting's value for a message: 5, 0.5, true, "text". */
void settings_describe(const mapper_value *value, char *text, size_t capacity);

#endif
