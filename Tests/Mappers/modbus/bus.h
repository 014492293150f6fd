/* SPDX-License-Identifier: Apache-2.0
 *
 * A serial line in the test: a pseudo terminal that the mapper opens, and for each unit another one
 * on which libmodbus plays an RTU slave. A thread carries the bytes and can spoil them. All units
 * hold the same registers and bits, 20,000 of each kind.
 */
#ifndef TESTS_MODBUS_BUS_H
#define TESTS_MODBUS_BUS_H

#include "slave.h"

typedef struct bus bus;

typedef enum bus_fault {
  BUS_NONE,
  BUS_SILENT, /* the answer is lost */
  BUS_LATE,   /* it comes with the next request, before that is answered */
  BUS_CRC,    /* its last byte is wrong */
  BUS_UNIT,   /* it is one of unit `argument`, right by itself */
  BUS_HALF,   /* only half of it comes */
  BUS_NOISE,  /* two bytes of nothing come before it */
  BUS_TAIL,   /* two bytes of nothing come behind it */
  BUS_PIECES, /* it comes byte by byte */
  BUS_GARBAGE /* 600 bytes that are no frame come instead */
} bus_fault;

bus *bus_start(const int *units, int count);
void bus_stop(bus *bus);
/* A link to the port; it stays where it is when the port is pulled out and put in again. */
const char *bus_path(bus *bus);
/* "serialPort: …, slaveID: <unit>, baudRate: 115200", and `more`. Static memory, per call. */
const char *bus_settings(bus *bus, int unit, const char *more);

void bus_set(bus *bus, frame_space space, unsigned address, uint16_t value);
uint16_t bus_get(bus *bus, frame_space space, unsigned address);

/* The fault for the next answer alone. */
void bus_plant(bus *bus, bus_fault fault, int argument);

void bus_unplug(bus *bus);
void bus_plug(bus *bus);

/* Requests seen on the line since the last bus_forget. */
int bus_seen(bus *bus);
slave_request bus_request_at(bus *bus, int index);
void bus_forget(bus *bus);

#endif
