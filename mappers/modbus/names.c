/* SPDX-License-Identifier: Apache-2.0 */
#include <modbus.h>
#include <stdio.h>

#include "frame.h"

frame_space frame_space_of(uint8_t function) {
  switch (function) {
  case MODBUS_FC_READ_DISCRETE_INPUTS:
    return SPACE_DISCRETE_INPUT;
  case MODBUS_FC_READ_INPUT_REGISTERS:
    return SPACE_INPUT_REGISTER;
  case MODBUS_FC_READ_HOLDING_REGISTERS:
  case MODBUS_FC_WRITE_SINGLE_REGISTER:
  case MODBUS_FC_WRITE_MULTIPLE_REGISTERS:
  case FUNCTION_MASK_WRITE:
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
