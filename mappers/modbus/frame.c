/* SPDX-License-Identifier: Apache-2.0 */
#include "frame.h"

#include <modbus.h>
#include <stdio.h>
#include <string.h>

static void put16(uint8_t *out, unsigned value) {
  out[0] = (uint8_t)(value >> 8);
  out[1] = (uint8_t)value;
}

static unsigned get16(const uint8_t *bytes) { return (unsigned)bytes[0] << 8 | bytes[1]; }

size_t frame_encode(const frame_request *request, uint16_t transaction,
                    uint8_t out[FRAME_LARGEST]) {
  size_t size = 12;
  put16(out, transaction);
  put16(out + 2, 0);
  out[6] = request->unit;
  out[7] = request->function;
  put16(out + 8, request->address);
  put16(out + 10, request->quantity);
  switch (request->function) {
  case MODBUS_FC_WRITE_SINGLE_COIL:
  case MODBUS_FC_WRITE_SINGLE_REGISTER:
    memcpy(out + 10, request->values, 2);
    break;
  case MODBUS_FC_WRITE_MULTIPLE_COILS:
    out[12] = (uint8_t)((request->quantity + 7) / 8);
    memcpy(out + 13, request->values, out[12]);
    size = 13u + out[12];
    break;
  case MODBUS_FC_WRITE_MULTIPLE_REGISTERS:
    out[12] = (uint8_t)(request->quantity * 2);
    memcpy(out + 13, request->values, out[12]);
    size = 13u + out[12];
    break;
  default:
    break;
  }
  put16(out + 4, (unsigned)size - FRAME_PREFIX);
  return size;
}

static frame_verdict differs(frame_answer *answer, frame_verdict verdict, const char *what,
                             unsigned found, unsigned expected) {
  answer->what = what;
  answer->found = found;
  answer->expected = expected;
  return verdict;
}

/* The PDU of a frame that is whole and of this transaction; `size` counts from the function on. */
static frame_verdict scan_pdu(const uint8_t *pdu, unsigned size, const frame_request *request,
                              frame_answer *answer) {
  if (pdu[0] == (request->function | 0x80)) {
    if (size != 2) return differs(answer, FRAME_WRONG, "bytes of an exception", size, 2);
    answer->exception = pdu[1];
    return FRAME_EXCEPTION;
  }
  if (pdu[0] != request->function)
    return differs(answer, FRAME_WRONG, "function", pdu[0], request->function);

  switch (request->function) {
  case MODBUS_FC_READ_COILS:
  case MODBUS_FC_READ_DISCRETE_INPUTS:
  case MODBUS_FC_READ_HOLDING_REGISTERS:
  case MODBUS_FC_READ_INPUT_REGISTERS: {
    unsigned bytes = request->function <= MODBUS_FC_READ_DISCRETE_INPUTS
                         ? (request->quantity + 7u) / 8
                         : request->quantity * 2u;
    if (pdu[1] != bytes) return differs(answer, FRAME_WRONG, "byte count", pdu[1], bytes);
    if (size != bytes + 2) return differs(answer, FRAME_WRONG, "bytes of data", size - 2, bytes);
    answer->data = pdu + 2;
    answer->data_size = (uint8_t)bytes;
    return FRAME_DATA;
  }
  default: { /* a write is answered by its address and value, or quantity */
    unsigned value = request->function <= MODBUS_FC_WRITE_SINGLE_REGISTER ? get16(request->values)
                                                                          : request->quantity;
    if (size != 5) return differs(answer, FRAME_WRONG, "bytes of a confirmation", size, 5);
    if (get16(pdu + 1) != request->address)
      return differs(answer, FRAME_WRONG, "address", get16(pdu + 1), request->address);
    if (get16(pdu + 3) != value)
      return differs(answer, FRAME_WRONG, "value or quantity", get16(pdu + 3), value);
    return FRAME_DATA;
  }
  }
}

frame_verdict frame_scan(const uint8_t *bytes, size_t size, const frame_request *request,
                         uint16_t transaction, frame_answer *answer) {
  memset(answer, 0, sizeof *answer);
  if (size < FRAME_PREFIX) return FRAME_PARTIAL;
  unsigned protocol = get16(bytes + 2), length = get16(bytes + 4);
  if (protocol != 0) return differs(answer, FRAME_BROKEN, "protocol", protocol, 0);
  /* Unit, function and at least one byte; at most unit and a whole PDU. */
  if (length < 3 || length > MODBUS_MAX_PDU_LENGTH + 1)
    return differs(answer, FRAME_BROKEN, "length", length, 3);
  if (size < FRAME_PREFIX + length) return FRAME_PARTIAL;

  answer->size = FRAME_PREFIX + length;
  if (get16(bytes) != transaction) return FRAME_OTHER;
  if (bytes[6] != request->unit)
    return differs(answer, FRAME_WRONG, "unit", bytes[6], request->unit);
  return scan_pdu(bytes + FRAME_HEADER, length - 1, request, answer);
}

frame_space frame_space_of(uint8_t function) {
  switch (function) {
  case MODBUS_FC_READ_DISCRETE_INPUTS:
    return SPACE_DISCRETE_INPUT;
  case MODBUS_FC_READ_INPUT_REGISTERS:
    return SPACE_INPUT_REGISTER;
  case MODBUS_FC_READ_HOLDING_REGISTERS:
  case MODBUS_FC_WRITE_SINGLE_REGISTER:
  case MODBUS_FC_WRITE_MULTIPLE_REGISTERS:
    return SPACE_HOLDING_REGISTER;
  default:
    return SPACE_COIL;
  }
}

void frame_name(frame_space space, uint16_t address, char *text, size_t capacity) {
  static const char *const names[] = {"coil", "discrete input", "input register",
                                      "holding register"};
  static const unsigned digits[] = {0, 1, 3, 4};
  unsigned number = address + 1u; /* beyond 9999, references have six digits */
  unsigned base = digits[space] * (number <= 9999 ? 10000u : 100000u);
  snprintf(text, capacity, "%s %u", names[space], base + number);
}

const char *frame_exception_text(uint8_t exception) {
  switch (exception) {
  case MODBUS_EXCEPTION_ILLEGAL_FUNCTION:
    return "illegal function";
  case MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS:
    return "illegal data address";
  case MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE:
    return "illegal data value";
  case MODBUS_EXCEPTION_SLAVE_OR_SERVER_FAILURE:
    return "device failure";
  case MODBUS_EXCEPTION_ACKNOWLEDGE:
    return "acknowledged, still working on it";
  case MODBUS_EXCEPTION_SLAVE_OR_SERVER_BUSY:
    return "device busy";
  case MODBUS_EXCEPTION_NEGATIVE_ACKNOWLEDGE:
    return "negative acknowledge";
  case MODBUS_EXCEPTION_MEMORY_PARITY:
    return "memory parity error";
  case MODBUS_EXCEPTION_GATEWAY_PATH:
    return "gateway path unavailable";
  case MODBUS_EXCEPTION_GATEWAY_TARGET:
    return "gateway target did not respond";
  default:
    return "unknown";
  }
}
