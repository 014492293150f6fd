/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads a file with a DeviceModel and a Device (devices.kubeedge.io/v1beta1) into settings and
 * points, merged as a host does it: the device's settings win over the model's.
 */
#ifndef TESTS_DEVICEFILE_H
#define TESTS_DEVICEFILE_H

#include "fakehost.h"

typedef struct device_file {
  mapper_settings settings;
  fake_points points; /* one a property of the device, in its order */
} device_file;

/* False, with the reason on stdout, unless the file has one model and one device of the protocol.
 */
bool device_file_read(const char *path, const char *protocol, device_file *out);
void device_file_free(device_file *file);

/* The point with this name, or null. */
const mapper_point *device_file_point(const device_file *file, const char *name);

#endif
