/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads a Device and its DeviceModel (devices.kubeedge.io/v1beta1) from a YAML file into settings
 * and points, merged as a host merges them: what the device says wins over the model.
 */
#ifndef TESTS_MODBUS_MANIFEST_H
#define TESTS_MODBUS_MANIFEST_H

#include "fakehost.h"

typedef struct manifest {
  mapper_settings settings;
  fake_points points; /* in the order of the device's properties */
} manifest;

/* False, with the reason on stdout, when the file is not what is expected. */
bool manifest_read(const char *path, manifest *out);
void manifest_free(manifest *manifest);

#endif
