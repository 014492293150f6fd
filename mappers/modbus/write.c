/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing, in the order of the batch. Writes that follow each other in the batch and touch in the
 * device go out as one request.
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
} run;

static const point *point_of(const writing *writing, uint32_t index) {
  return &writing->device->points[writing->writes[index].point];
}

/* Two bytes a register or one a bit, for the largest write there is. */
enum { IMAGE_SIZE = MODBUS_MAX_WRITE_BITS };

/* Whether the value can be written at all; its registers or bits go to `image`. */
static mapper_status encode(const writing *writing, uint32_t index, uint8_t *image,
                            problem *problem) {
  uint32_t id = writing->writes[index].point;
  if (id >= writing->device->point_count || !writing->device->points[id].is_bound) {
    problem_is(problem, "point %u is not bound", id);
    return MAPPER_INVALID;
  }
  const point *point = &writing->device->points[id];
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

static mapper_status send_run(const writing *writing, const run *run) {
  const device_settings *settings = &writing->device->settings;
  uint8_t image[IMAGE_SIZE], packed[FRAME_LARGEST];
  problem problem;
  unsigned width = run->space == SPACE_COIL ? 1 : 2;
  for (uint32_t i = run->first; i <= run->last; i++)
    if (writing->results[i] == MAPPER_OK)
      encode(writing, i, image + (point_of(writing, i)->address - run->start) * width, &problem);

  frame_request request = request_for(writing, run, image, packed);
  frame_answer answer;
  mapper_status status =
      line_exchange(writing->device->line, writing->call, &request, settings->timeout_ms, &answer);
  if (status != MAPPER_OK || !answer.exception) return status;

  mapper_status refused = device_exception(answer.exception);
  const char *reason = frame_exception_text(answer.exception);
  if (MAPPER_STATUS_CLASS(refused) == MAPPER_TIMEOUT)
    return mapper_failf(api, writing->call, refused, "unit %u: exception %u, %s", settings->unit,
                        answer.exception, reason);
  /* An address, a value, or writing several at all: it need not be the fault of each. */
  if (run->count > 1 && answer.exception <= MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE) {
    for (uint32_t i = run->first; i <= run->last && status == MAPPER_OK; i++) {
      if (writing->results[i] != MAPPER_OK) continue;
      const point *point = point_of(writing, i);
      struct run alone = {
          i, i, 1, point->address, point->address + (uint32_t)point->codec.count, point->space};
      status = send_run(writing, &alone);
    }
    return status;
  }
  for (uint32_t i = run->first; i <= run->last; i++) {
    if (writing->results[i] != MAPPER_OK) continue;
    char name[40];
    frame_name(run->space, point_of(writing, i)->address, name, sizeof name);
    writing->results[i] =
        mapper_fail_itemf(api, writing->call, i, refused, "unit %u, writing %s: exception %u, %s",
                          settings->unit, name, answer.exception, reason);
  }
  return MAPPER_OK;
}

/* Adds write `index` to the run, if it touches it and the request can carry it. */
static bool extend(const writing *writing, run *run, uint32_t index) {
  const point *point = point_of(writing, index);
  uint32_t start = point->address, end = start + point->codec.count;
  uint32_t most = point_is_bits(point) ? MODBUS_MAX_WRITE_BITS : MODBUS_MAX_WRITE_REGISTERS;
  if (point->space != run->space || (start != run->end && end != run->start) ||
      run->end - run->start + point->codec.count > most)
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
    const point *point = point_of(&writing, i);
    run = (struct run){
        i, i, 1, point->address, point->address + (uint32_t)point->codec.count, point->space};
  }
  if (status == MAPPER_OK) status = send_run(&writing, &run);
  return status;
}
