/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include <modbus.h>
#include <stdlib.h>
#include <string.h>

/* Sorts by place in the device; slots keep their order within one address. */
static int by_place(const void *left, const void *right) {
  uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
  return a < b ? -1 : a > b;
}

static uint32_t id_at(const plan *plan, uint32_t item) { return plan->ids[plan->items[item].slot]; }

static const point *point_at(const plan *plan, const point_list *points, uint32_t item) {
  return &points->items[id_at(plan, item)];
}

static uint8_t read_function(uint8_t space) {
  static const uint8_t functions[] = {MODBUS_FC_READ_COILS, MODBUS_FC_READ_DISCRETE_INPUTS,
                                      MODBUS_FC_READ_INPUT_REGISTERS,
                                      MODBUS_FC_READ_HOLDING_REGISTERS};
  return functions[space];
}

plan_request plan_span(plan *plan, const point_list *points, uint32_t first, uint32_t count) {
  const point *lowest = point_at(plan, points, first);
  plan_request request = {first, count, lowest->address, 0, read_function(lowest->space), false, 0};
  unsigned end = lowest->address;
  for (uint32_t i = first; i < first + count; i++) {
    const point *point = point_at(plan, points, i);
    unsigned offset = (unsigned)(point->address - lowest->address);
    plan->items[i].offset = (uint16_t)(point_is_bits(point) ? offset : offset * 2);
    if (point->address + point->codec.count > end) end = point->address + point->codec.count;
    if (point->codec.load == LOAD_BLOCK) request.has_blocks = true;
  }
  request.quantity = (uint16_t)(end - lowest->address);
  return request;
}

/* Cuts the sorted items into requests. Greedy: each takes all that follow within gap and size. */
static void cut(plan *plan, const point_list *points, const bool *is_apart, plan_limits limits) {
  uint32_t first = 0;
  while (first < plan->item_count) {
    const point *lowest = point_at(plan, points, first);
    unsigned scale = point_is_bits(lowest) ? 16 : 1;
    unsigned end = lowest->address + lowest->codec.count;
    uint32_t next = first + 1;
    for (; next < plan->item_count; next++) {
      const point *point = point_at(plan, points, next);
      unsigned new_end = point->address + point->codec.count;
      if (new_end < end) new_end = end;
      if (point->space != lowest->space || (is_apart && is_apart[id_at(plan, next)]) ||
          point->address > end + limits.max_gap * scale ||
          new_end - lowest->address > limits.max_registers * scale)
        break;
      end = new_end;
    }
    plan->requests[plan->request_count++] = plan_span(plan, points, first, next - first);
    first = next;
  }
}

/* Gives back what an array has beyond its count; keeps it as it is where that fails. */
static void *shrunk(void *array, uint32_t count, size_t size) {
  void *smaller = realloc(array, (count + 1u) * size);
  return smaller ? smaller : array;
}

plan *plan_make(const point_list *points, const bool *is_apart, const uint32_t *ids, uint32_t count,
                plan_limits limits) {
  plan *plan = calloc(1, sizeof *plan);
  uint64_t *places = calloc(count + 1u, sizeof *places);
  if (!plan || !places) goto out_of_memory;
  plan->ids = malloc((count + 1u) * sizeof *plan->ids);
  plan->items = malloc((count + 1u) * sizeof *plan->items);
  plan->refused = malloc((count + 1u) * sizeof *plan->refused);
  plan->requests = malloc((count + 1u) * sizeof *plan->requests);
  if (!plan->ids || !plan->items || !plan->refused || !plan->requests) goto out_of_memory;

  if (count) memcpy(plan->ids, ids, count * sizeof *ids);
  plan->count = count;
  for (uint32_t slot = 0; slot < count; slot++) {
    if (!points || ids[slot] >= points->count || !points->items[ids[slot]].is_bound) {
      plan->refused[plan->refused_count++] = slot;
      continue;
    }
    const point *point = &points->items[ids[slot]];
    places[plan->item_count++] =
        (uint64_t)point->space << 48 | (uint64_t)point->address << 32 | slot;
  }
  qsort(places, plan->item_count, sizeof *places, by_place);
  for (uint32_t i = 0; i < plan->item_count; i++) {
    uint32_t slot = (uint32_t)places[i];
    plan->items[i] = (codec_item){.codec = &points->items[ids[slot]].codec, .slot = slot};
  }
  free(places);
  cut(plan, points, is_apart, limits);
  /* Most lists need few requests, and have no point that was refused. */
  plan->requests = shrunk(plan->requests, plan->request_count, sizeof *plan->requests);
  plan->refused = shrunk(plan->refused, plan->refused_count, sizeof *plan->refused);
  return plan;

out_of_memory:
  free(places);
  plan_free(plan);
  return NULL;
}

void plan_free(plan *plan) {
  if (!plan) return;
  free(plan->ids);
  free(plan->items);
  free(plan->refused);
  free(plan->requests);
  free(plan);
}
