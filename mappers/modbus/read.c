/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading. A request that the device refuses as a whole is halved until the point that it refuses
 * is alone; the cuts are remembered.
 */
#define _GNU_SOURCE
#include <modbus.h>
#include <time.h>

#include "device.h"
#include "mapper/helpers.h"
#include "module.h"

static const int64_t second_ns = 1000000000;
/* How long a cut is remembered: a device that was starting, say, may allow the whole later. */
enum { SPLIT_SECONDS = 600, HOPELESS_SECONDS = 60 };

typedef struct reading {
  mapper_device *device;
  const mapper_call *call;
  plan *plan;
  mapper_sample *out;
} reading;

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * second_ns + now.tv_nsec;
}

static void read_block(const reading *reading, const codec_item *item, bool bit_space,
                       const uint8_t *data) {
  const codec *codec = item->codec;
  mapper_sample *sample = &reading->out[item->slot];
  uint8_t *bytes = api->alloc(reading->call, codec_block_capacity(codec, bit_space), 1);
  if (!bytes) {
    sample->status =
        mapper_fail_itemf(api, reading->call, item->slot, MAPPER_NO_MEMORY, "out of memory");
    return;
  }
  size_t size = codec_read_block(codec, bit_space, data, item->offset, bytes);
  if (codec->form == FORM_TEXT && !codec_is_utf8(bytes, size)) {
    sample->status = mapper_fail_itemf(api, reading->call, item->slot, MAPPER_TYPE,
                                       "what the registers hold is no UTF-8 text; dataType bytes "
                                       "takes it as it is");
    return;
  }
  sample->status = MAPPER_OK;
  sample->quality = MAPPER_GOOD;
  sample->value = mapper_data(codec->type, bytes, (uint32_t)size);
}

/* All points of a request share its exception. */
static void refuse(const reading *reading, const plan_request *request, uint8_t exception) {
  unsigned unit = reading->device->settings.unit;
  frame_space space = frame_space_of(request->function);
  for (uint32_t i = request->first; i < request->first + request->count; i++) {
    const codec_item *item = &reading->plan->items[i];
    const point *point = &reading->device->points->items[reading->plan->ids[item->slot]];
    char name[40];
    frame_name(space, point->address, name, sizeof name);
    reading->out[item->slot].status = mapper_fail_itemf(
        api, reading->call, item->slot, device_exception(exception),
        request->count == 1 ? "unit %u, %s: exception %u, %s"
                            : "unit %u, %s: exception %u, %s (read with its neighbours)",
        unit, name, exception, frame_exception_text(exception));
  }
}

/* Asks once. OK with an exception, or with the samples filled in. */
static mapper_status ask(const reading *reading, const plan_request *request, uint8_t *exception) {
  mapper_device *device = reading->device;
  frame_request frame = {device->settings.unit, request->function, request->address,
                         request->quantity, NULL};
  frame_answer answer;
  mapper_status status = device_ask(device, reading->call, &frame, &answer);
  if (status != MAPPER_OK) return status;
  *exception = answer.exception;
  if (answer.exception == MODBUS_EXCEPTION_GATEWAY_PATH ||
      answer.exception == MODBUS_EXCEPTION_GATEWAY_TARGET)
    return mapper_failf(api, reading->call, device_exception(answer.exception),
                        "unit %u: exception %u, %s", device->settings.unit, answer.exception,
                        frame_exception_text(answer.exception));
  if (answer.exception) return MAPPER_OK;

  const codec_item *items = reading->plan->items + request->first;
  codec_read_numbers(items, request->count, answer.data, reading->out);
  if (request->has_blocks) {
    bool bit_space = frame_space_of(request->function) <= SPACE_DISCRETE_INPUT;
    for (uint32_t i = 0; i < request->count; i++)
      if (items[i].codec->load == LOAD_BLOCK)
        read_block(reading, &items[i], bit_space, answer.data);
  }
  return MAPPER_OK;
}

static bool may_be_one_point(uint8_t exception) {
  return exception == MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS ||
         exception == MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE;
}

/* Whether a request begins with this item. */
static void set_apart(const reading *reading, uint32_t item, bool is_apart) {
  device_set_apart(reading->device, reading->plan->ids[reading->plan->items[item].slot], is_apart);
}

/* Reads a request that was refused as its two halves, and those likewise. Counts the points that
 * could be read. */
static mapper_status read_halves(const reading *reading, const plan_request *request,
                                 uint32_t *readable) {
  uint32_t half = request->count / 2;
  plan_request halves[2] = {
      plan_span(reading->plan, reading->device->points, request->first, half),
      plan_span(reading->plan, reading->device->points, request->first + half,
                request->count - half),
  };
  set_apart(reading, halves[1].first, true);
  for (int i = 0; i < 2; i++) {
    uint8_t exception = 0;
    mapper_status status = ask(reading, &halves[i], &exception);
    if (status == MAPPER_OK && may_be_one_point(exception) && halves[i].count > 1)
      status = read_halves(reading, &halves[i], readable);
    else if (status == MAPPER_OK && exception)
      refuse(reading, &halves[i], exception);
    else if (status == MAPPER_OK)
      *readable += halves[i].count;
    if (status != MAPPER_OK) return status;
  }
  return MAPPER_OK;
}

/* A request that was refused. Sets *split if the plan has to be made anew. */
static mapper_status find_refused(const reading *reading, plan_request *request, uint8_t exception,
                                  bool *split) {
  int64_t now = now_ns();
  if (now < request->hopeless_till_ns) {
    refuse(reading, request, exception);
    return MAPPER_OK;
  }
  uint32_t readable = 0;
  mapper_status status = read_halves(reading, request, &readable);
  if (readable) {
    reading->device->split_ns = now;
    *split = true;
    return status;
  }
  /* Nothing there can be read, or the search was cut short: it stays one request. */
  for (uint32_t i = 1; i < request->count; i++) set_apart(reading, request->first + i, false);
  plan_span(reading->plan, reading->device->points, request->first, request->count);
  if (status == MAPPER_OK) request->hopeless_till_ns = now + HOPELESS_SECONDS * second_ns;
  return status;
}

mapper_status device_read(mapper_device *device, const mapper_call *call, const uint32_t *ids,
                          uint32_t count, mapper_sample *out) {
  if (device->split_ns && now_ns() - device->split_ns > SPLIT_SECONDS * second_ns)
    device_join_points(device);
  plan *plan = device_plan(device, ids, count);
  if (!plan) return mapper_failf(api, call, MAPPER_NO_MEMORY, "out of memory");
  mapper_status status = line_ready(device->line, call);
  if (status != MAPPER_OK) return status;

  for (uint32_t i = 0; i < plan->refused_count; i++) {
    uint32_t slot = plan->refused[i];
    out[slot].status =
        mapper_fail_itemf(api, call, slot, MAPPER_INVALID, "point %u is not bound", ids[slot]);
  }
  reading reading = {device, call, plan, out};
  bool split = false;
  for (uint32_t i = 0; i < plan->request_count && status == MAPPER_OK; i++) {
    plan_request *request = &plan->requests[i];
    uint8_t exception = 0;
    status = ask(&reading, request, &exception);
    if (status != MAPPER_OK || !exception) continue;
    if (may_be_one_point(exception) && request->count > 1)
      status = find_refused(&reading, request, exception, &split);
    else
      refuse(&reading, request, exception);
  }
  if (split) device_forget_plans(device);
  return status;
}
