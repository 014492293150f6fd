/* SPDX-License-Identifier: Apache-2.0
 *
 * What is sent and what comes: a request, its PDU (function and data), and the frames of Modbus TCP
 * around it. rtu.h has those of serial lines. No I/O.
 *
 * libmodbus makes no frame for us: modbus_send_raw_request of 3.1.6 sends every request with
 * transaction 0, so that a late answer could be taken for the one that is waited for, and
 * modbus_receive_confirmation cannot be cancelled within a frame.
 */
#ifndef MODBUS_FRAME_H
#define MODBUS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  FRAME_PREFIX = 6,     /* transaction, protocol, length: what the length does not count */
  FRAME_HEADER = 7,     /* with the unit */
  FRAME_PDU_MOST = 253, /* bytes of a PDU */
  FRAME_LARGEST = 260   /* header and 253 bytes of PDU; one of RTU has 256 */
};

enum {
  FUNCTION_MASK_WRITE = 22,
  FUNCTION_IDENTIFICATION = 43 /* with MEI type 14 */
};

typedef struct frame_request {
  uint8_t unit;
  uint8_t function;      /* 1, 2, 3, 4, 5, 6, 15, 16, 22, 43 */
  uint16_t address;      /* function 43: the first object that is wanted */
  uint16_t quantity;     /* registers or bits; 1 for 5, 6 and 22; 43: the kind of access, 1 to 4 */
  const uint8_t *values; /* writes: registers with the high byte first, or bits from bit 0 up;
                            5 takes 0xff 0x00 or 0x00 0x00; 22 the two masks, first and then or */
} frame_request;

/* Writes the PDU to `out`, which has room for FRAME_PDU_MOST bytes, and returns its size. */
size_t frame_encode_pdu(const frame_request *request, uint8_t *out);
/* Writes the frame of Modbus TCP to `out` and returns its size. */
size_t frame_encode(const frame_request *request, uint16_t transaction, uint8_t out[FRAME_LARGEST]);

typedef enum frame_verdict {
  FRAME_PARTIAL,   /* more bytes are needed */
  FRAME_OTHER,     /* a whole frame of another transaction (RTU: of another unit) */
  FRAME_DATA,      /* the answer */
  FRAME_EXCEPTION, /* the answer is an exception */
  FRAME_WRONG,     /* a whole frame of this transaction that does not answer the request */
  FRAME_BROKEN     /* not a frame: the stream is out of step */
} frame_verdict;

typedef struct frame_answer {
  size_t size;         /* bytes of the frame, unless partial or broken */
  const uint8_t *data; /* FRAME_DATA of a read: the registers or bits; of function 43: what follows
                          the MEI type, with all its objects whole */
  uint8_t data_size;
  uint8_t exception; /* FRAME_EXCEPTION: its code */
  const char *what;  /* FRAME_WRONG, FRAME_BROKEN: the field that is wrong … */
  unsigned found, expected;
} frame_answer;

/* Bytes that the PDU of an answer has, as its first `available` bytes say: 0 while they do not say
 * it yet, -1 if the function is none that is asked for here. Only serial lines need it. */
int frame_pdu_size(const uint8_t *pdu, size_t available);
/* Looks at a whole PDU of `size` bytes, at least two. answer->size is left alone. */
frame_verdict frame_scan_pdu(const uint8_t *pdu, unsigned size, const frame_request *request,
                             frame_answer *answer);
/* Looks at the first frame of Modbus TCP in bytes[0..size) as an answer to `request`. */
frame_verdict frame_scan(const uint8_t *bytes, size_t size, const frame_request *request,
                         uint16_t transaction, frame_answer *answer);
/* Notes what is wrong in the answer; returns `verdict`. */
frame_verdict frame_differs(frame_answer *answer, frame_verdict verdict, const char *what,
                            unsigned found, unsigned expected);

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
