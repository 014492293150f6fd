/* SPDX-License-Identifier: Apache-2.0
 *
 * Its samples are wrong in a way that each point chooses with its setting `wrong`:
 *
 *   nothing          the sample is good (default)
 *   point            of a point that is not there
 *   other-point      of the next point
 *   type             of a type that is not there
 *   no-type          OK, but without a value
 *   null-text, null-bytes, null-array     a gigabyte long, but there is no data
 *   array-of-text    of elements that have no fixed width
 *   not-utf8         a text that is not UTF-8
 *   bool             a boolean of 7
 *   too-wide         300 in a U8
 *   status           a status that is no class of the ABI
 *   value-with-error a failed status beside a number
 *   null-why         a failed status with a reason a gigabyte long, but there is no text
 *
 * The samples of `read` are wrong, and those of a subscription, which reports all once at its start
 * from within `start`.
 */
#include "fixture.h"
#include "mapper/ext/subscribe.h"

enum { POINT_MAX = 64 };

static const char *const ways[] = {"nothing",       "point",
                                   "other-point",   "type",
                                   "no-type",       "null-text",
                                   "null-bytes",    "null-array",
                                   "array-of-text", "not-utf8",
                                   "bool",          "too-wide",
                                   "status",        "value-with-error",
                                   "null-why"};
enum { WAY_COUNT = sizeof ways / sizeof *ways };

/* Of the last device that was bound: tests have one. */
static int chosen[POINT_MAX];

static mapper_status bind(mapper_device *device, const mapper_call *call,
                          const mapper_point *points, uint32_t count, mapper_status *results) {
  if (count > POINT_MAX) return MAPPER_INVALID;
  mapper_status status = fixture_bind(device, call, points, count, results);
  for (uint32_t i = 0; i < count && status == MAPPER_OK; i++) {
    const char *wrong = mapper_find_text(&points[i].settings, "wrong", "nothing");
    chosen[i] = -1;
    for (int way = 0; way < WAY_COUNT; way++)
      if (strcmp(wrong, ways[way]) == 0) chosen[i] = way;
    if (chosen[i] < 0) results[i] = MAPPER_INVALID;
  }
  return status;
}

static void spoil(mapper_sample *sample, const char *way) {
  const uint32_t huge = 1u << 30;
  if (strcmp(way, "point") == 0) sample->point = 4000000000u;
  if (strcmp(way, "other-point") == 0) sample->point++;
  if (strcmp(way, "type") == 0) sample->value.type = 99;
  if (strcmp(way, "no-type") == 0) sample->value = (mapper_value){0};
  if (strcmp(way, "null-text") == 0) sample->value = mapper_data(MAPPER_TYPE_TEXT, NULL, huge);
  if (strcmp(way, "null-bytes") == 0) sample->value = mapper_data(MAPPER_TYPE_BYTES, NULL, huge);
  if (strcmp(way, "null-array") == 0)
    sample->value = mapper_data(MAPPER_TYPE_ARRAY | MAPPER_TYPE_F64, NULL, huge / 8);
  if (strcmp(way, "array-of-text") == 0)
    sample->value = mapper_data(MAPPER_TYPE_ARRAY | MAPPER_TYPE_TEXT, "abcdefgh", 1);
  if (strcmp(way, "not-utf8") == 0) sample->value = mapper_data(MAPPER_TYPE_TEXT, "a\xff\xfe", 3);
  if (strcmp(way, "bool") == 0) sample->value = mapper_uint(MAPPER_TYPE_BOOL, 7);
  if (strcmp(way, "too-wide") == 0) sample->value = mapper_uint(MAPPER_TYPE_U8, 300);
  if (strcmp(way, "status") == 0) sample->status = 200;
  if (strcmp(way, "value-with-error") == 0) sample->status = MAPPER_TIMEOUT;
  if (strcmp(way, "null-why") == 0) {
    sample->status = MAPPER_TIMEOUT;
    sample->value = mapper_data(MAPPER_TYPE_TEXT, NULL, huge);
  }
}

static mapper_status read_points(mapper_device *device, const mapper_call *call,
                                 const uint32_t *points, uint32_t count, mapper_sample *out) {
  mapper_status status = fixture_read(device, call, points, count, out);
  for (uint32_t i = 0; i < count; i++)
    if (points[i] < device->count && chosen[points[i]] >= 0)
      spoil(&out[i], ways[chosen[points[i]]]);
  return status;
}

static mapper_status start(mapper_device *device, const mapper_call *call, uint64_t subscription,
                           const uint32_t *points, uint32_t count, uint32_t min_interval_ms,
                           mapper_status *results) {
  (void)min_interval_ms;
  mapper_sample samples[POINT_MAX];
  if (count > POINT_MAX) return MAPPER_INVALID;
  read_points(device, call, points, count, samples);
  for (uint32_t i = 0; i < count; i++) {
    results[i] = MAPPER_OK;
    fixture_api->report(fixture_host, subscription, &samples[i], 1);
  }
  return MAPPER_OK;
}

static void stop(mapper_device *device, uint64_t subscription) { (void)device, (void)subscription; }

static const mapper_subscribe subscribe = {
    .size = sizeof(mapper_subscribe), .start = start, .stop = stop};

static const void *query(const char *id) {
  return strcmp(id, MAPPER_EXT_SUBSCRIBE) == 0 ? &subscribe : NULL;
}

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "wrong-values",
    .title = "Test mapper wrong-values",
    .point_schema = "{\"type\": \"object\"}",
    .create = fixture_create,
    .bind = bind,
    .open = fixture_open,
    .read = read_points,
    .close = fixture_close,
    .destroy = fixture_destroy,
    .query = query,
};

FIXTURE_ENTRY("wrong-values", driver)
