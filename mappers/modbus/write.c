/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing, in the order of the batch. Writes that follow each other in the batch and touch in the
 * device go out as one request. Bits of a register are written with a mask, or, where the device
 * has no function for that, by reading the register and writing it back.
 */
#include <modbus.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "mapper/helpers.h"
#include "module.h"

typedef struct writing {
  mapper_device *device;
  const mapper_call *call;
  const mapper_write *writes;
  mapper_status *results;
} writing;

/* Writes first … last of the batch (those whose result is OK so far) cover start … end - 1. */
typedef struct run {
  uint32_t first, last, count;
  uint32_t start, end;
  uint8_t space;
  bool is_part; /* all of them bits of the one register */
} run;

static const point *point_of(const writing *writing, uint32_t index) {
  return &writing->device->points->items[writing->writes[index].point];
}

/* Two bytes a register or one a bit, for the largest write there is. */
enum { IMAGE_SIZE = MODBUS_MAX_WRITE_BITS };

/* Whether the value can be written at all; its registers or bits go to `image`. */
static mapper_status encode(const writing *writing, uint32_t index, uint8_t *image,
                            problem *problem) {
  uint32_t id = writing->writes[index].point;
  const point_list *points = writing->device->points;
  if (!points || id >= points->count || !points->items[id].is_bound) {
    problem_is(problem, "point %u is not bound", id);
    return MAPPER_INVALID;
  }
  const point *point = &points->items[id];
  if (point->space == SPACE_DISCRETE_INPUT || point->space == SPACE_INPUT_REGISTER) {
    problem_is(problem, "%s cannot be written",
               point->space == SPACE_INPUT_REGISTER ? "input registers" : "discrete inputs");
    return MAPPER_UNSUPPORTED;
  }
  unsigned most = point_is_bits(point) ? MODBUS_MAX_WRITE_BITS : MODBUS_MAX_WRITE_REGISTERS;
  if (point->codec.count > most) {
    problem_is(problem, "limit: %u: one request writes at most %u", point->codec.count, most);
    return MAPPER_INVALID;
  }
  return codec_write(&point->codec, point_is_bits(point), &writing->writes[index].value, image,
                     problem);
}

/* The frame's values: registers as they are, bits packed eight to a byte. */
static frame_request request_for(const writing *writing, const run *run, const uint8_t *image,
                                 uint8_t packed[FRAME_LARGEST]) {
  bool is_bits = run->space == SPACE_COIL;
  uint32_t quantity = run->end - run->start;
  frame_request request = {writing->device->settings.unit, 0, (uint16_t)run->start,
                           (uint16_t)quantity, packed};
  memset(packed, 0, FRAME_LARGEST);
  if (quantity == 1 && is_bits) {
    request.function = MODBUS_FC_WRITE_SINGLE_COIL;
    packed[0] = image[0] ? 0xff : 0;
  } else if (is_bits) {
    request.function = MODBUS_FC_WRITE_MULTIPLE_COILS;
    for (uint32_t i = 0; i < quantity; i++) packed[i / 8] |= (uint8_t)(image[i] << i % 8);
  } else {
    request.function =
        quantity == 1 ? MODBUS_FC_WRITE_SINGLE_REGISTER : MODBUS_FC_WRITE_MULTIPLE_REGISTERS;
    memcpy(packed, image, quantity * 2);
  }
  return request;
}

static mapper_status send_run(const writing *writing, const run *run);

static run run_of(const writing *writing, uint32_t index) {
  const point *point = point_of(writing, index);
  return (struct run){index,
                      index,
                      1,
                      point->address,
                      point->address + (uint32_t)point->codec.count,
                      point->space,
                      codec_is_part(&point->codec)};
}

/* What the device's answer means to each write of the run. `hint` is added to the text. */
static mapper_status conclude(const writing *writing, const run *run, uint8_t exception,
                              const char *hint) {
  if (!exception) return MAPPER_OK;
  unsigned unit = writing->device->settings.unit;
  mapper_status status = MAPPER_OK, refused = device_exception(exception);
  const char *reason = frame_exception_text(exception);
  if (MAPPER_STATUS_CLASS(refused) == MAPPER_TIMEOUT)
    return mapper_failf(api, writing->call, refused, "unit %u: exception %u, %s", unit, exception,
                        reason);
  /* An address, a value, or writing several at all: it need not be the fault of each. */
  if (run->count > 1 && exception <= MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE) {
    for (uint32_t i = run->first; i <= run->last && status == MAPPER_OK; i++) {
      if (writing->results[i] != MAPPER_OK) continue;
      struct run alone = run_of(writing, i);
      status = send_run(writing, &alone);
    }
    return status;
  }
  for (uint32_t i = run->first; i <= run->last; i++) {
    if (writing->results[i] != MAPPER_OK) continue;
    char name[40];
    frame_name(run->space, point_of(writing, i)->address, name, sizeof name);
    writing->results[i] =
        mapper_fail_itemf(api, writing->call, i, refused, "unit %u, writing %s: exception %u, %s%s",
                          unit, name, exception, reason, hint);
  }
  return MAPPER_OK;
}

static unsigned word_at(const uint8_t *bytes) { return (unsigned)bytes[0] << 8 | bytes[1]; }

static void put_word(uint8_t *bytes, unsigned word) {
  bytes[0] = (uint8_t)(word >> 8);
  bytes[1] = (uint8_t)word;
}

/* The bits that stay as they are, and those that are set; of two writes to one bit the later. */
static void masks_of(const writing *writing, const run *run, unsigned *stay, unsigned *set) {
  *stay = 0xffff;
  *set = 0;
  for (uint32_t i = run->first; i <= run->last; i++) {
    if (writing->results[i] != MAPPER_OK) continue;
    uint8_t own[2], image[IMAGE_SIZE];
    problem problem;
    encode(writing, i, image, &problem);
    codec_part_mask(&point_of(writing, i)->codec, own);
    *stay &= ~word_at(own);
    *set = (*set & ~word_at(own)) | word_at(image);
  }
}

/* By reading the register and writing it back. No other device of the line can come between, but
 * the device itself, or another master, can change bits meanwhile. */
static mapper_status read_and_write(const writing *writing, const run *run, unsigned stay,
                                    unsigned set) {
  uint8_t word[2];
  uint16_t address = (uint16_t)run->start;
  frame_answer answer;
  frame_request request = {writing->device->settings.unit, MODBUS_FC_READ_HOLDING_REGISTERS,
                           address, 1, NULL};
  mapper_status status = device_ask(writing->device, writing->call, &request, &answer);
  if (status != MAPPER_OK) return status;
  if (answer.exception) return conclude(writing, run, answer.exception, " (reading it before)");
  put_word(word, (word_at(answer.data) & stay) | set);
  request.function = MODBUS_FC_WRITE_SINGLE_REGISTER;
  request.values = word;
  status = device_ask(writing->device, writing->call, &request, &answer);
  return status == MAPPER_OK ? conclude(writing, run, answer.exception, "") : status;
}

static mapper_status send_parts(const writing *writing, const run *run) {
  mapper_device *device = writing->device;
  unsigned stay, set;
  masks_of(writing, run, &stay, &set);
  uint8_t bit_write = device->settings.bit_write;
  if (bit_write == BIT_WRITE_READ_MODIFY || device->lacks_mask_write)
    return read_and_write(writing, run, stay, set);

  uint8_t masks[4];
  put_word(masks, stay);
  put_word(masks + 2, set);
  frame_answer answer;
  frame_request request = {device->settings.unit, FUNCTION_MASK_WRITE, (uint16_t)run->start, 1,
                           masks};
  mapper_status status = device_ask(device, writing->call, &request, &answer);
  if (status != MAPPER_OK) return status;
  if (answer.exception != MODBUS_EXCEPTION_ILLEGAL_FUNCTION)
    return conclude(writing, run, answer.exception, "");
  if (bit_write == BIT_WRITE_MASK)
    return conclude(writing, run, answer.exception,
                    ": it has no mask write; bitWrite: readModifyWrite does without");
  device->lacks_mask_write = true;
  return read_and_write(writing, run, stay, set);
}

static mapper_status send_run(const writing *writing, const run *run) {
  if (run->is_part) return send_parts(writing, run);
  uint8_t image[IMAGE_SIZE], packed[FRAME_LARGEST];
  problem problem;
  unsigned width = run->space == SPACE_COIL ? 1 : 2;
  for (uint32_t i = run->first; i <= run->last; i++)
    if (writing->results[i] == MAPPER_OK)
      encode(writing, i, image + (point_of(writing, i)->address - run->start) * width, &problem);

  frame_request request = request_for(writing, run, image, packed);
  frame_answer answer;
  mapper_status status = device_ask(writing->device, writing->call, &request, &answer);
  return status == MAPPER_OK ? conclude(writing, run, answer.exception, "") : status;
}

/* Adds write `index` to the run, if it touches it and the request can carry it. */
static bool extend(const writing *writing, run *run, uint32_t index) {
  const point *point = point_of(writing, index);
  uint32_t start = point->address, end = start + point->codec.count;
  uint32_t most = point_is_bits(point) ? MODBUS_MAX_WRITE_BITS : MODBUS_MAX_WRITE_REGISTERS;
  if (point->space != run->space || codec_is_part(&point->codec) != run->is_part) return false;
  if (run->is_part) {
    if (start != run->start) return false;
    run->last = index;
    run->count++;
    return true;
  }
  if ((start != run->end && end != run->start) || run->end - run->start + point->codec.count > most)
    return false;
  if (start == run->end)
    run->end = end;
  else
    run->start = start;
  run->last = index;
  run->count++;
  return true;
}

mapper_status device_write(mapper_device *device, const mapper_call *call,
                           const mapper_write *writes, uint32_t count, mapper_status *results) {
  writing writing = {device, call, writes, results};
  bool is_any = false;
  for (uint32_t i = 0; i < count; i++) {
    uint8_t image[IMAGE_SIZE];
    problem problem;
    results[i] = encode(&writing, i, image, &problem);
    if (results[i] == MAPPER_OK)
      is_any = true;
    else
      mapper_fail_itemf(api, call, i, results[i], "%s", problem.text);
  }
  if (!is_any) return MAPPER_OK;

  mapper_status status = line_ready(device->line, call);
  run run = {0};
  for (uint32_t i = 0; i < count && status == MAPPER_OK; i++) {
    if (results[i] != MAPPER_OK || (run.count && extend(&writing, &run, i))) continue;
    if (run.count) status = send_run(&writing, &run);
    run = run_of(&writing, i);
  }
  if (status == MAPPER_OK) status = send_run(&writing, &run);
  return status;
}
