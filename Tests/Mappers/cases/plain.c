/* SPDX-License-Identifier: Apache-2.0
 *
 * The lines value, failed, set and set-failed, for mappers whose cases need no others.
 */
#include "cases.h"

/* Why the last call failed as a whole or for its only item; "" when it did not. */
static const char *failure(case_run *run, mapper_status call, mapper_status item) {
  if (call != MAPPER_OK) return fake_call_text(run->device.call);
  return item == MAPPER_OK ? "" : fake_call_item(run->device.call, 0);
}

static bool set(case_run *run, const mapper_point *point, const char *text, const char *expected) {
  mapper_write write = {.point = point->id};
  if (!device_file_value(point, text, &write.value))
    return case_complain(run, "no value of the property's type", text);
  mapper_status status = fake_device_write(&run->device, &write, 1, run->call_ms);
  return case_expect(run, failure(run, status, run->device.results[0]), expected);
}

bool case_plain_step(case_run *run, const char *verb, char *rest) {
  const mapper_point *point = case_point(run, case_word(&rest));
  if (!point) return false;
  if (strcmp(verb, "set") == 0) return set(run, point, rest, "");
  if (strcmp(verb, "set-failed") == 0) {
    const char *value = case_word(&rest);
    return set(run, point, value, rest);
  }
  bool is_value = strcmp(verb, "value") == 0;
  if (!is_value && strcmp(verb, "failed") != 0) return case_complain(run, "not understood", verb);
  mapper_status status = fake_device_read(&run->device, &point->id, 1, run->call_ms);
  const mapper_sample *sample = &run->device.samples[0];
  bool is_good = status == MAPPER_OK && sample->status == MAPPER_OK;
  const char *found = is_good ? case_value(device_file_type(&sample->value), &sample->value)
                              : failure(run, status, sample->status);
  if (is_good != is_value) return case_complain(run, is_good ? "it has a value" : "failed", found);
  return case_expect(run, found, rest);
}
