/* SPDX-License-Identifier: Apache-2.0
 *
 * What a device can do beside its points: for setting up and looking into it.
 */
#include <inttypes.h>
#include <modbus.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "device.h"
#include "identity.h"
#include "mapper/helpers.h"
#include "module.h"

static mapper_status needs(const mapper_call *call, const char *name, uint64_t value, uint64_t low,
                           uint64_t high) {
  if (value >= low && value <= high) return MAPPER_OK;
  return mapper_failf(api, call, MAPPER_INVALID,
                      "%s: %" PRIu64 ": expected a whole number from %" PRIu64 " to %" PRIu64, name,
                      value, low, high);
}

/* An exception as the failure of the whole call. */
static mapper_status refused(const mapper_device *device, const mapper_call *call,
                             const frame_request *request, uint8_t exception) {
  char name[40] = "device identification";
  if (request->function != FUNCTION_IDENTIFICATION)
    frame_name(frame_space_of(request->function), request->address, name, sizeof name);
  bool is_missing = exception == MODBUS_EXCEPTION_ILLEGAL_FUNCTION;
  return mapper_failf(api, call, device_exception(exception), "unit %u, %s: exception %u, %s%s",
                      device->settings.unit, name, exception, frame_exception_text(exception),
                      !is_missing                                ? ""
                      : request->function == FUNCTION_MASK_WRITE ? ": it has no mask write"
                                                                 : "");
}

static mapper_status ask(mapper_device *device, const mapper_call *call,
                         const frame_request *request, frame_answer *answer) {
  mapper_status status = line_ready(device->line, call);
  if (status == MAPPER_OK) status = device_ask(device, call, request, answer);
  if (status == MAPPER_OK && answer->exception)
    return refused(device, call, request, answer->exception);
  return status;
}

static mapper_status mask_write_register(mapper_device *device, const mapper_call *call,
                                         mapper_nothing *out, uint64_t address, uint64_t and_mask,
                                         uint64_t or_mask) {
  (void)out;
  mapper_status status = needs(call, "address", address, 0, 0xffff);
  if (status == MAPPER_OK) status = needs(call, "and", and_mask, 0, 0xffff);
  if (status == MAPPER_OK) status = needs(call, "or", or_mask, 0, 0xffff);
  if (status != MAPPER_OK) return status;
  uint8_t masks[4] = {(uint8_t)(and_mask >> 8), (uint8_t)and_mask, (uint8_t)(or_mask >> 8),
                      (uint8_t)or_mask};
  frame_answer answer;
  frame_request request = {device->settings.unit, FUNCTION_MASK_WRITE, (uint16_t)address, 1, masks};
  return ask(device, call, &request, &answer);
}

static mapper_status write_register(mapper_device *device, const mapper_call *call,
                                    mapper_nothing *out, uint64_t address, uint64_t value) {
  (void)out;
  mapper_status status = needs(call, "address", address, 0, 0xffff);
  if (status == MAPPER_OK) status = needs(call, "value", value, 0, 0xffff);
  if (status != MAPPER_OK) return status;
  uint8_t word[2] = {(uint8_t)(value >> 8), (uint8_t)value};
  frame_answer answer;
  frame_request request = {device->settings.unit, MODBUS_FC_WRITE_SINGLE_REGISTER,
                           (uint16_t)address, 1, word};
  return ask(device, call, &request, &answer);
}

/* Words in hexadecimal, bits as 0 and 1, with a blank between. */
static char *print_registers(const mapper_call *call, const frame_request *request,
                             const uint8_t *data, size_t capacity) {
  char *text = api->alloc(call, capacity, 1);
  if (!text) return NULL;
  text[0] = 0;
  char *at = text;
  bool is_bits = request->function <= MODBUS_FC_READ_DISCRETE_INPUTS;
  for (unsigned i = 0; i < request->quantity; i++) {
    if (i) *at++ = ' ';
    size_t left = capacity - (size_t)(at - text);
    at += is_bits ? snprintf(at, left, "%d", data[i / 8] >> i % 8 & 1)
                  : snprintf(at, left, "%02x%02x", data[2 * i], data[2 * i + 1]);
  }
  return text;
}

static mapper_status read_registers(mapper_device *device, const mapper_call *call,
                                    const char **out, const char *kind, uint64_t address,
                                    uint64_t count) {
  static const struct {
    const char *name, *long_name;
    uint8_t function;
    uint16_t most;
  } kinds[] = {
      {"coil", "CoilRegister", MODBUS_FC_READ_COILS, MODBUS_MAX_READ_BITS},
      {"discrete", "DiscreteInputRegister", MODBUS_FC_READ_DISCRETE_INPUTS, MODBUS_MAX_READ_BITS},
      {"input", "InputRegister", MODBUS_FC_READ_INPUT_REGISTERS, MODBUS_MAX_READ_REGISTERS},
      {"holding", "HoldingRegister", MODBUS_FC_READ_HOLDING_REGISTERS, MODBUS_MAX_READ_REGISTERS},
  };
  size_t i = 0;
  while (i < 4 && strcasecmp(kind, kinds[i].name) != 0 && strcasecmp(kind, kinds[i].long_name) != 0)
    i++;
  if (i == 4)
    return mapper_failf(api, call, MAPPER_INVALID,
                        "kind: \"%.40s\": expected coil, discrete, input or holding", kind);
  mapper_status status = needs(call, "address", address, 0, 0xffff);
  if (status == MAPPER_OK) status = needs(call, "count", count, 1, kinds[i].most);
  if (status == MAPPER_OK) status = needs(call, "count", count, 1, 0x10000 - address);
  if (status != MAPPER_OK) return status;
  frame_answer answer;
  frame_request request = {device->settings.unit, kinds[i].function, (uint16_t)address,
                           (uint16_t)count, NULL};
  status = ask(device, call, &request, &answer);
  if (status != MAPPER_OK) return status;
  *out = print_registers(call, &request, answer.data, count * 5 + 1);
  return *out ? MAPPER_OK : mapper_failf(api, call, MAPPER_NO_MEMORY, "out of memory");
}

static mapper_status read_device_identification(mapper_device *device, const mapper_call *call,
                                                const char **out) {
  mapper_status status = line_ready(device->line, call);
  if (status != MAPPER_OK) return status;
  identity *identity = malloc(sizeof *identity);
  char *text = identity ? api->alloc(call, IDENTITY_JSON, 1) : NULL;
  if (!text) {
    free(identity);
    return mapper_failf(api, call, MAPPER_NO_MEMORY, "out of memory");
  }
  uint8_t exception = 0;
  const device_settings *settings = &device->settings;
  status = identity_read(device->line, call, settings->unit, settings->timing, true, identity,
                         &exception);
  if (status == MAPPER_OK && exception) {
    frame_request request = {settings->unit, FUNCTION_IDENTIFICATION, 0, 1, NULL};
    status = refused(device, call, &request, exception);
  } else if (status == MAPPER_OK) {
    identity_json(identity, text, IDENTITY_JSON);
    *out = text;
  }
  free(identity);
  return status;
}

static const mapper_method rows[] = {
    MAPPER_METHOD_3("readRegisters", read_registers,
                    "what lies in the device: kind coil, discrete, input or holding; words come in "
                    "hexadecimal",
                    MAPPER_METHOD_IDEMPOTENT, const char *, const char *, "kind", uint64_t,
                    "address", uint64_t, "count"),
    MAPPER_METHOD_0("readDeviceIdentification", read_device_identification,
                    "vendor, product and version as the device tells them (function 43), in JSON",
                    MAPPER_METHOD_IDEMPOTENT, const char *),
    MAPPER_METHOD_3("maskWriteRegister", mask_write_register,
                    "sets a holding register to (itself and `and`) or (`or` and not `and`), in one "
                    "step (function 22)",
                    MAPPER_METHOD_IDEMPOTENT | MAPPER_METHOD_CHANGES, mapper_nothing, uint64_t,
                    "address", uint64_t, "and", uint64_t, "or"),
    MAPPER_METHOD_2("writeRegister", write_register, "writes any holding register (function 6)",
                    MAPPER_METHOD_IDEMPOTENT | MAPPER_METHOD_CHANGES | MAPPER_METHOD_CONFIRM,
                    mapper_nothing, uint64_t, "address", uint64_t, "value"),
};

const mapper_methods modbus_methods = MAPPER_METHODS(rows);
