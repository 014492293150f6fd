/* SPDX-License-Identifier: Apache-2.0
 *
 * Points: where their values are among those of the program, and their latest readings.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>

#include "exec.h"

/* ---- bind --------------------------------------------------------------------------------- */

static mapper_status bind_point(exec_point *point, const mapper_point *from,
                                const mapper_call *call) {
  const char *field = mapper_find_text(&from->settings, "field", NULL);
  point->name = strdup(from->name);
  point->field = strdup(field ? field : from->name);
  if (!point->name || !point->field) return MAPPER_NO_MEMORY;
  point->how.type = from->type;
  if (!convert_supports(from->type))
    return mapper_fail_itemf(exec_api, call, from->id, MAPPER_UNSUPPORTED, "%s: no arrays",
                             from->name);
  if (!field) { /* a name is one key, whatever is in it */
    point->how.path.count = 1;
    point->how.path.steps[0] = (json_step){.key = point->field, .key_size = strlen(point->field)};
  } else if (!json_path_parse(point->field, &point->how.path) || !point->how.path.steps[0].key) {
    return mapper_fail_itemf(exec_api, call, from->id, MAPPER_INVALID,
                             "%s: setting field: '%s': expected a key, or " JSON_PATH_EXPECTED,
                             from->name, field);
  }
  point->is_bound = true;
  return MAPPER_OK;
}

static int compare_keys(const char *a, size_t a_size, const char *b, size_t b_size) {
  int order = memcmp(a, b, a_size < b_size ? a_size : b_size);
  if (order) return order;
  return a_size < b_size ? -1 : a_size > b_size;
}

static const json_step *first_step(const mapper_device *device, uint32_t place) {
  return &device->points[device->by_key[place]].how.path.steps[0];
}

/* Heap sort: qsort has no context to find the points by. */
static void sift(mapper_device *device, uint32_t root, uint32_t end) {
  for (uint32_t child; (child = 2 * root + 1) < end; root = child) {
    const json_step *left = first_step(device, child);
    if (child + 1 < end) {
      const json_step *right = first_step(device, child + 1);
      if (compare_keys(left->key, left->key_size, right->key, right->key_size) < 0) {
        child++;
        left = right;
      }
    }
    const json_step *top = first_step(device, root);
    if (compare_keys(top->key, top->key_size, left->key, left->key_size) >= 0) return;
    uint32_t swapped = device->by_key[root];
    device->by_key[root] = device->by_key[child];
    device->by_key[child] = swapped;
  }
}

static void sort_keys(mapper_device *device) {
  for (uint32_t i = 0; i < device->count; i++)
    if (device->points[i].is_bound) device->by_key[device->key_count++] = i;
  for (uint32_t root = device->key_count / 2; root-- > 0;) sift(device, root, device->key_count);
  for (uint32_t end = device->key_count; end > 1;) {
    end--;
    uint32_t swapped = device->by_key[0];
    device->by_key[0] = device->by_key[end];
    device->by_key[end] = swapped;
    sift(device, 0, end);
  }
}

mapper_status device_bind(mapper_device *device, const mapper_call *call,
                          const mapper_point *points, uint32_t count, mapper_status *results) {
  device_free_points(device);
  size_t room = count ? count : 1;
  device->points = calloc(room, sizeof *device->points);
  device->by_key = calloc(room, sizeof *device->by_key);
  device->dirty = calloc(room, sizeof *device->dirty);
  device->samples = calloc(room, sizeof *device->samples);
  if (!device->points || !device->by_key || !device->dirty || !device->samples) {
    device_free_points(device);
    return MAPPER_NO_MEMORY;
  }
  device->count = count;
  for (uint32_t i = 0; i < count; i++)
    results[i] = bind_point(&device->points[i], &points[i], call);
  sort_keys(device);
  return MAPPER_OK;
}

void device_free_points(mapper_device *device) {
  for (uint32_t i = 0; i < device->count; i++) {
    exec_point *point = &device->points[i];
    free(point->name);
    free(point->field);
    free(point->refusal);
    buffer_free(&point->room);
  }
  free(device->points);
  free(device->by_key);
  free(device->dirty);
  free(device->samples);
  device->points = NULL;
  device->by_key = device->dirty = NULL;
  device->samples = NULL;
  device->count = device->key_count = device->dirty_count = 0;
}

/* ---- readings ----------------------------------------------------------------------------- */

static void fail_reading(exec_point *point, mapper_status status, const char *text) {
  point->status = status;
  point->value = (mapper_value){0};
  point->room.size = 0;
  if (!buffer_append(&point->room, text, strlen(text))) return;
  point->value = mapper_data(MAPPER_TYPE_TEXT, point->room.bytes, (uint32_t)point->room.size);
}

/* `view` null: a plain text. */
static void take_reading(mapper_device *device, exec_point *point, const json_view *view,
                         const char *text, size_t size, uint32_t quality, int64_t source_ns) {
  const char *why = NULL;
  conversion how = {.type = point->how.type};
  point->status = view ? convert_view(&how, view, &point->value, &point->room, &why)
                       : convert_payload(&how, text, size, &point->value, &point->room, &why);
  point->quality = quality;
  point->source_ns = source_ns;
  if (view && view->kind == JSON_NULL) {
    fail_reading(point, MAPPER_UNAVAILABLE, "the program has no value (null)");
  } else if (point->status != MAPPER_OK) {
    char shown[64], reason[REASON_MAX];
    message_excerpt(view ? view->start : text, view ? view->size : size, shown, sizeof shown);
    snprintf(reason, sizeof reason, "'%s': %s%sexpected %s", shown, why ? why : "", why ? ": " : "",
             convert_expected(point->how.type));
    fail_reading(point, point->status, reason);
  }
  report_mark(device, point);
}

/* The bound points whose first key is `key`: places [*first, *last) in by_key. */
static void find_points(const mapper_device *device, const char *key, size_t size, uint32_t *first,
                        uint32_t *last) {
  uint32_t low = 0, high = device->key_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    const json_step *step = first_step(device, middle);
    if (compare_keys(step->key, step->key_size, key, size) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  *first = *last = low;
  for (; *last < device->key_count; ++*last) {
    const json_step *step = first_step(device, *last);
    if (compare_keys(step->key, step->key_size, key, size) != 0) break;
  }
}

/* The points of a member's key; none when there is no memory. */
static void find_member(const mapper_device *device, const json_view *key, uint32_t *first,
                        uint32_t *last) {
  *first = *last = 0;
  char small[128], *text = key->size <= sizeof small ? small : malloc(key->size);
  if (!text) return;
  find_points(device, text, json_unescape(key, text), first, last);
  if (text != small) free(text);
}

/* Mostly it is a name that was mistyped. */
static void note_unknown(mapper_device *device, const json_view *key) {
  if (device->told_unknown || device->unknown[0] || device->settings.format != FORMAT_MESSAGES)
    return;
  message_text(key, device->unknown, sizeof device->unknown);
}

void device_tell_unknown(mapper_device *device) {
  char name[sizeof device->unknown];
  pthread_mutex_lock(&device->lock);
  memcpy(name, device->unknown, sizeof name);
  device->unknown[0] = 0;
  if (name[0]) device->told_unknown = true;
  pthread_mutex_unlock(&device->lock);
  if (name[0])
    mapper_logf(exec_api, exec_host, MAPPER_LOG_WARNING,
                "%s: a value of '%s', which is the field of no property (said once)",
                device->settings.command.name, name);
}

void device_take_values(mapper_device *device, const json_view *values, uint32_t quality,
                        int64_t source_ns) {
  json_view key, value;
  json_cursor cursor = json_begin(values);
  while (json_next(&cursor, &key, &value)) {
    uint32_t first, last;
    find_member(device, &key, &first, &last);
    if (first == last) note_unknown(device, &key);
    for (; first < last; first++) {
      exec_point *point = &device->points[device->by_key[first]];
      json_path rest = point->how.path;
      rest.count--;
      memmove(rest.steps, rest.steps + 1, rest.count * sizeof *rest.steps);
      json_view inner = value;
      bool is_there =
          rest.count == 0 || (value.kind != JSON_STRING &&
                              json_find(value.start, value.size, &rest, &inner) == JSON_FOUND);
      if (is_there) take_reading(device, point, &inner, NULL, 0, quality, source_ns);
    }
  }
}

void device_take_text(mapper_device *device, const char *text, size_t size) {
  for (uint32_t i = 0; i < device->key_count; i++)
    take_reading(device, &device->points[device->by_key[i]], NULL, text, size, MAPPER_GOOD, 0);
}

/* Calls `visit` for the points of a field as the manifest has it. */
static void
each_of_field(mapper_device *device, const json_view *field, mapper_status status, const char *text,
              void (*visit)(mapper_device *, exec_point *, mapper_status, const char *)) {
  uint32_t first, last;
  bool found = false;
  find_member(device, field, &first, &last);
  for (; first < last; first++) {
    exec_point *point = &device->points[device->by_key[first]];
    if (point->how.path.count > 1) continue;
    visit(device, point, status, text);
    found = true;
  }
  for (uint32_t i = 0; i < device->key_count && !found; i++) { /* a path, then */
    exec_point *point = &device->points[device->by_key[i]];
    if (json_equals(field, point->field)) visit(device, point, status, text);
  }
}

static void fail_point(mapper_device *device, exec_point *point, mapper_status status,
                       const char *text) {
  fail_reading(point, status, text);
  point->source_ns = 0;
  report_mark(device, point);
}

static void refuse_point(mapper_device *device, exec_point *point, mapper_status status,
                         const char *text) {
  (void)device;
  (void)status;
  free(point->refusal);
  point->refusal = strdup(text);
}

void device_take_failures(mapper_device *device, const json_view *failed, mapper_status status,
                          bool of_write) {
  json_view key, value;
  json_cursor cursor = json_begin(failed);
  while (json_next(&cursor, &key, &value)) {
    char text[REASON_MAX];
    message_text(&value, text, sizeof text);
    each_of_field(device, &key, status, text[0] ? text : "the program gave no reason",
                  of_write ? refuse_point : fail_point);
  }
}

void device_forget_answers(mapper_device *device) {
  for (uint32_t i = 0; i < device->count; i++) {
    device->points[i].is_fresh = false;
    free(device->points[i].refusal);
    device->points[i].refusal = NULL;
  }
}
