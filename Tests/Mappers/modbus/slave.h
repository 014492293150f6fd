/* SPDX-License-Identifier: Apache-2.0
 *
 * A Modbus TCP slave in a thread of the test, on a free loopback port. libmodbus makes its answers;
 * faults can be planted. All units hold the same registers and bits, 20,000 of each kind.
 */
#ifndef TESTS_MODBUS_SLAVE_H
#define TESTS_MODBUS_SLAVE_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"

typedef struct slave slave;

typedef enum slave_fault {
  FAULT_NONE,
  FAULT_LATE,           /* the answer goes out just before the next one */
  FAULT_SILENT,         /* no answer */
  FAULT_EXCEPTION,      /* exception `argument` */
  FAULT_BYTE_COUNT,     /* a byte count that is not what was asked */
  FAULT_SHORT,          /* a register less than was asked, in a frame that is right by itself */
  FAULT_UNIT,           /* an answer of another unit */
  FAULT_FUNCTION,       /* an answer to another function */
  FAULT_ECHO,           /* a write is confirmed with another address */
  FAULT_PROTOCOL,       /* no Modbus frame: protocol 0x4854 */
  FAULT_LENGTH,         /* no Modbus frame: length 0 */
  FAULT_CLOSE,          /* the connection ends instead of an answer */
  FAULT_CLOSE_IN_FRAME, /* … after half of it */
  FAULT_STALL,          /* half of the answer, and never the rest */
  FAULT_PIECES,         /* byte by byte */
  FAULT_FLOOD           /* answers of other transactions without an end */
} slave_fault;

typedef struct slave_request {
  uint8_t unit, function;
  uint16_t address, quantity; /* or the value, for functions 5 and 6 */
} slave_request;

slave *slave_start(void);
void slave_stop(slave *slave);
int slave_port(slave *slave);
/* "ip: 127.0.0.1, port: …, slaveID: <unit>", and what is in `more`. Static memory, per call. */
const char *slave_settings(slave *slave, int unit, const char *more);

void slave_set(slave *slave, frame_space space, unsigned address, uint16_t value);
uint16_t slave_get(slave *slave, frame_space space, unsigned address);

/* The fault for the next request alone. */
void slave_plant(slave *slave, slave_fault fault, int argument);
/* No request of this unit is answered from now on (-1: all are). */
void slave_kill_unit(slave *slave, int unit);
/* Requests that touch these addresses are answered with `exception` (2 or 3, say). One at a time.
 */
void slave_refuse(slave *slave, frame_space space, unsigned first, unsigned count, int exception);
/* Reads and writes of more registers or bits than this are answered with exception 3; 0: none. */
void slave_limit(slave *slave, unsigned quantity);
/* Function codes from this one on are answered with exception 1; 0: none. */
void slave_lack_functions(slave *slave, int from);
/* Only these units are answered from now on. */
void slave_leave(slave *slave, const int *units, int count);
/* Function 43 is answered with these texts as objects 0, 1, 2 … (none: with exception 1). Each
 * answer carries two of them at most. */
void slave_identify(slave *slave, const char *const *objects, int count);
/* Ends all connections, as a device does that closes idle ones. */
void slave_hang_up(slave *slave);

/* Requests seen since the last slave_forget. */
int slave_seen(slave *slave);
slave_request slave_request_at(slave *slave, int index);
void slave_forget(slave *slave);
/* Connections accepted since the start, and those open now. */
int slave_accepted(slave *slave);
int slave_connected(slave *slave);

#endif
