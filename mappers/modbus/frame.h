/* SPDX-License-Identifier: Apache-2.0
 *
 * Modbus TCP frames: an MBAP header (transaction, protocol 0, length, unit) and a PDU. No I/O.
 *
 * libmodbus makes no frame for us: modbus_send_raw_request of 3.1.6 sends every request with
 * transaction 0, so that a late answer could be taken for the one that is waited for, and
 * modbus_receive_confirmation cannot be cancelled within a frame.
 */
#ifndef MODBUS_FRAME_H
#define MODBUS_FRAME_H

#include <stddef.h>
#include <stdint.h>

enum {
  FRAME_PREFIX = 6,   /* transaction, protocol, length: what the length does not count */
  FRAME_HEADER = 7,   /* with the unit */
  FRAME_LARGEST = 260 /* header and 253 bytes of PDU */
};

typedef struct frame_request {
  uint8_t unit;
  uint8_t function; /* 1, 2, 3, 4, 5, 6, 15, 16 */
  uint16_t address;
  uint16_t quantity;     /* registers or bits; 1 for functions 5 and 6 */
  const uint8_t *values; /* writes: registers with the high byte first, or bits from bit 0 up;
                            function 5 takes 0xff 0x00 or 0x00 0x00 */
} frame_request;

/* Writes the frame to `out` and returns its size. */
size_t frame_encode(const frame_request *request, uint16_t transaction, uint8_t out[FRAME_LARGEST]);

typedef enum frame_verdict {
  FRAME_PARTIAL,   /* more bytes are needed */
  FRAME_OTHER,     /* a whole frame of another transaction */
  FRAME_DATA,      /* the answer */
  FRAME_EXCEPTION, /* the answer is an exception */
  FRAME_WRONG,     /* a whole frame of this transaction that does not answer the request */
  FRAME_BROKEN     /* not a frame: the stream is out of step */
} frame_verdict;

typedef struct frame_answer {
  size_t size;         /* bytes of the frame, unless partial or broken */
  const uint8_t *data; /* FRAME_DATA of a read: the registers or bits, within `bytes` */
  uint8_t data_size;
  uint8_t exception; /* FRAME_EXCEPTION: its code */
  const char *what;  /* FRAME_WRONG, FRAME_BROKEN: the field that is wrong … */
  unsigned found, expected;
} frame_answer;

/* Looks at the first frame in bytes[0..size) as an answer to `request`. */
frame_verdict frame_scan(const uint8_t *bytes, size_t size, const frame_request *request,
                         uint16_t transaction, frame_answer *answer);

/* What one function works on, for texts and plans. */
typedef enum frame_space {
  SPACE_COIL = 0,
  SPACE_DISCRETE_INPUT = 1,
  SPACE_INPUT_REGISTER = 2,
  SPACE_HOLDING_REGISTER = 3
} frame_space;

frame_space frame_space_of(uint8_t function);

/* "holding register 40017": one-based, with the digit of its table in front. */
void frame_name(frame_space space, uint16_t address, char *text, size_t capacity);

/* "illegal data address"; for a code that the standard does not name, "unknown". */
const char *frame_exception_text(uint8_t exception);

#endif
