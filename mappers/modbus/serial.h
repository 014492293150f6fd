/* SPDX-License-Identifier: Apache-2.0
 *
 * Serial ports.
 */
#ifndef MODBUS_SERIAL_H
#define MODBUS_SERIAL_H

#include "endpoint.h"

/* Whether a port can be set to so many bits a second. */
bool serial_has_rate(uint32_t baud);

/* Opens the port for this process alone, raw and non-blocking. -1: *what says what was tried and
 * errno why it failed. *is_switching is false where the kernel cannot switch the transmitter
 * although the settings ask for it: with an adapter that does it by itself, all is well. */
int serial_open(const char *path, const serial_settings *settings, bool *is_switching,
                const char **what);

/* Nanoseconds that a byte takes on the line. */
int64_t serial_byte_ns(const serial_settings *settings);
/* The pause between two frames: 3.5 bytes, or 1.75 ms where that is more. */
int64_t serial_pause_ns(const serial_settings *settings);

#endif
