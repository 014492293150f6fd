/* SPDX-License-Identifier: Apache-2.0 */
#include "frame.h"

#include <modbus.h>
#include <string.h>

enum { MEI_IDENTIFICATION = 14, IDENTIFICATION_HEADER = 7 /* function … number of objects */ };

static void put16(uint8_t *out, unsigned value) {
  out[0] = (uint8_t)(value >> 8);
  out[1] = (uint8_t)value;
}

static unsigned get16(const uint8_t *bytes) { return (unsigned)bytes[0] << 8 | bytes[1]; }

size_t frame_encode_pdu(const frame_request *request, uint8_t *out) {
  out[0] = request->function;
  put16(out + 1, request->address);
  put16(out + 3, request->quantity);
  switch (request->function) {
  case MODBUS_FC_WRITE_SINGLE_COIL:
  case MODBUS_FC_WRITE_SINGLE_REGISTER:
    memcpy(out + 3, request->values, 2);
    return 5;
  case MODBUS_FC_WRITE_MULTIPLE_COILS:
    out[5] = (uint8_t)((request->quantity + 7) / 8);
    memcpy(out + 6, request->values, out[5]);
    return 6u + out[5];
  case MODBUS_FC_WRITE_MULTIPLE_REGISTERS:
    out[5] = (uint8_t)(request->quantity * 2);
    memcpy(out + 6, request->values, out[5]);
    return 6u + out[5];
  case FUNCTION_MASK_WRITE:
    memcpy(out + 3, request->values, 4);
    return 7;
  case FUNCTION_IDENTIFICATION:
    out[1] = MEI_IDENTIFICATION;
    out[2] = (uint8_t)request->quantity;
    out[3] = (uint8_t)request->address;
    return 4;
  default:
    return 5;
  }
}

size_t frame_encode(const frame_request *request, uint16_t transaction,
                    uint8_t out[FRAME_LARGEST]) {
  size_t size = frame_encode_pdu(request, out + FRAME_HEADER);
  put16(out, transaction);
  put16(out + 2, 0);
  put16(out + 4, (unsigned)size + 1);
  out[6] = request->unit;
  return FRAME_HEADER + size;
}

frame_verdict frame_differs(frame_answer *answer, frame_verdict verdict, const char *what,
                            unsigned found, unsigned expected) {
  answer->what = what;
  answer->found = found;
  answer->expected = expected;
  return verdict;
}

/* Where the objects of an identification end: they carry their own lengths. 0: not there yet. */
static int identification_size(const uint8_t *pdu, size_t available) {
  if (available < IDENTIFICATION_HEADER) return 0;
  size_t size = IDENTIFICATION_HEADER;
  for (unsigned left = pdu[6]; left; left--) { /* each: its id, its length, its bytes */
    if (available < size + 2) return 0;
    size += 2u + pdu[size + 1];
    if (size > FRAME_PDU_MOST) return -1;
  }
  return (int)size;
}

int frame_pdu_size(const uint8_t *pdu, size_t available) {
  if (available == 0) return 0;
  if (pdu[0] & 0x80) return 2;
  switch (pdu[0]) {
  case MODBUS_FC_READ_COILS:
  case MODBUS_FC_READ_DISCRETE_INPUTS:
  case MODBUS_FC_READ_HOLDING_REGISTERS:
  case MODBUS_FC_READ_INPUT_REGISTERS:
    return available < 2 ? 0 : pdu[1] > FRAME_PDU_MOST - 2 ? -1 : 2 + pdu[1];
  case MODBUS_FC_WRITE_SINGLE_COIL:
  case MODBUS_FC_WRITE_SINGLE_REGISTER:
  case MODBUS_FC_WRITE_MULTIPLE_COILS:
  case MODBUS_FC_WRITE_MULTIPLE_REGISTERS:
    return 5;
  case FUNCTION_MASK_WRITE:
    return 7;
  case FUNCTION_IDENTIFICATION:
    return identification_size(pdu, available);
  default:
    return -1;
  }
}

static frame_verdict scan_read(const uint8_t *pdu, unsigned size, const frame_request *request,
                               frame_answer *answer) {
  unsigned bytes = request->function <= MODBUS_FC_READ_DISCRETE_INPUTS
                       ? (request->quantity + 7u) / 8
                       : request->quantity * 2u;
  if (pdu[1] != bytes) return frame_differs(answer, FRAME_WRONG, "byte count", pdu[1], bytes);
  if (size != bytes + 2)
    return frame_differs(answer, FRAME_WRONG, "bytes of data", size - 2, bytes);
  answer->data = pdu + 2;
  answer->data_size = (uint8_t)bytes;
  return FRAME_DATA;
}

/* A write is answered by its address and value, quantity, or masks. */
static frame_verdict scan_confirmation(const uint8_t *pdu, unsigned size,
                                       const frame_request *request, frame_answer *answer) {
  bool is_mask = request->function == FUNCTION_MASK_WRITE;
  unsigned value = is_mask || request->function <= MODBUS_FC_WRITE_SINGLE_REGISTER
                       ? get16(request->values)
                       : request->quantity;
  unsigned expected = is_mask ? 7 : 5;
  if (size != expected)
    return frame_differs(answer, FRAME_WRONG, "bytes of a confirmation", size, expected);
  if (get16(pdu + 1) != request->address)
    return frame_differs(answer, FRAME_WRONG, "address", get16(pdu + 1), request->address);
  if (get16(pdu + 3) != value)
    return frame_differs(answer, FRAME_WRONG, is_mask ? "mask" : "value or quantity",
                         get16(pdu + 3), value);
  if (is_mask && get16(pdu + 5) != get16(request->values + 2))
    return frame_differs(answer, FRAME_WRONG, "mask", get16(pdu + 5), get16(request->values + 2));
  return FRAME_DATA;
}

static frame_verdict scan_identification(const uint8_t *pdu, unsigned size, frame_answer *answer) {
  if (pdu[1] != MEI_IDENTIFICATION)
    return frame_differs(answer, FRAME_WRONG, "MEI type", pdu[1], MEI_IDENTIFICATION);
  int expected = identification_size(pdu, size);
  if (expected != (int)size)
    return frame_differs(answer, FRAME_WRONG, "bytes of objects", size,
                         expected > 0 ? (unsigned)expected : size + 1);
  answer->data = pdu + 2;
  answer->data_size = (uint8_t)(size - 2);
  return FRAME_DATA;
}

frame_verdict frame_scan_pdu(const uint8_t *pdu, unsigned size, const frame_request *request,
                             frame_answer *answer) {
  if (pdu[0] == (request->function | 0x80)) {
    if (size != 2) return frame_differs(answer, FRAME_WRONG, "bytes of an exception", size, 2);
    answer->exception = pdu[1];
    return FRAME_EXCEPTION;
  }
  if (pdu[0] != request->function)
    return frame_differs(answer, FRAME_WRONG, "function", pdu[0], request->function);
  if (request->function <= MODBUS_FC_READ_INPUT_REGISTERS)
    return scan_read(pdu, size, request, answer);
  if (request->function == FUNCTION_IDENTIFICATION) return scan_identification(pdu, size, answer);
  return scan_confirmation(pdu, size, request, answer);
}

frame_verdict frame_scan(const uint8_t *bytes, size_t size, const frame_request *request,
                         uint16_t transaction, frame_answer *answer) {
  memset(answer, 0, sizeof *answer);
  if (size < FRAME_PREFIX) return FRAME_PARTIAL;
  unsigned protocol = get16(bytes + 2), length = get16(bytes + 4);
  if (protocol != 0) return frame_differs(answer, FRAME_BROKEN, "protocol", protocol, 0);
  /* Unit, function and at least one byte; at most unit and a whole PDU. */
  if (length < 3 || length > FRAME_PDU_MOST + 1)
    return frame_differs(answer, FRAME_BROKEN, "length", length, 3);
  if (size < FRAME_PREFIX + length) return FRAME_PARTIAL;

  answer->size = FRAME_PREFIX + length;
  if (get16(bytes) != transaction) return FRAME_OTHER;
  if (bytes[6] != request->unit)
    return frame_differs(answer, FRAME_WRONG, "unit", bytes[6], request->unit);
  return frame_scan_pdu(bytes + FRAME_HEADER, length - 1, request, answer);
}
