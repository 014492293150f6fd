/* SPDX-License-Identifier: Apache-2.0
 *
 * Lane calls that ask a program that runs all the time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "exec.h"

/* Sends the message `{"id":N` + `rest` and waits for its answer. `rest` is freed. OK once there is
 * an answer, whatever it says: device->request has it. */
static mapper_status ask(mapper_device *device, const mapper_call *call, bool is_write,
                         buffer *rest) {
  char head[40], text[REASON_MAX] = "";
  eventfd_t ignored;
  pthread_mutex_lock(&device->lock);
  uint64_t id = ++device->last_id;
  int size = snprintf(head, sizeof head, "{\"id\":%llu", (unsigned long long)id);
  buffer line = {0};
  mapper_status status = MAPPER_OK;
  if (device->state != STREAM_RUNNING) {
    status = MAPPER_UNAVAILABLE;
    memcpy(text, device->failure_text, sizeof text);
  } else if (!buffer_append(&line, head, (size_t)size) ||
             !buffer_append(&line, rest->bytes, rest->size)) {
    status = MAPPER_NO_MEMORY;
  } else {
    eventfd_read(device->told, &ignored);
    device_forget_answers(device);
    device->request = (exec_request){.id = id, .is_write = is_write};
    status = stream_put(device, line.bytes, line.size);
    if (status == MAPPER_BUSY)
      snprintf(text, sizeof text, "%s does not read its standard input: %zu bytes wait",
               device->settings.command.name, device->output.size - device->sent);
  }
  if (status != MAPPER_OK) device->request.id = 0;
  pthread_mutex_unlock(&device->lock);
  buffer_free(&line);
  buffer_free(rest);
  if (status != MAPPER_OK) return mapper_failf(exec_api, call, status, "%s", text);
  stream_wake(device);

  struct pollfd files[2] = {{.fd = device->told, .events = POLLIN},
                            {.fd = exec_api->cancel_fd(call), .events = POLLIN}};
  int64_t started = exec_now_ns();
  for (;;) {
    int left = mapper_timeout_ms(exec_api, call, exec_now_ns());
    int ready = poll(files, 2, left);
    bool is_broken = ready < 0 && errno != EINTR;
    if (files[0].revents) eventfd_read(device->told, &ignored);
    pthread_mutex_lock(&device->lock);
    bool is_answered = device->request.is_answered, is_over = device->state != STREAM_RUNNING;
    bool is_cancelled = exec_api->cancelled(call);
    if (is_over) memcpy(text, device->failure_text, sizeof text);
    /* From here on its answer is late. */
    if (is_answered || is_over || is_cancelled || ready == 0 || is_broken) device->request.id = 0;
    pthread_mutex_unlock(&device->lock);
    if (is_answered) return MAPPER_OK;
    if (is_over) return mapper_failf(exec_api, call, MAPPER_UNAVAILABLE, "%s", text);
    if (is_cancelled) return MAPPER_CANCELLED;
    if (is_broken) return mapper_failf(exec_api, call, MAPPER_INTERNAL, "cannot wait: poll failed");
    if (ready == 0)
      return mapper_failf(exec_api, call, MAPPER_TIMEOUT, "%s: no answer to a %s within %lld ms",
                          device->settings.command.name, is_write ? "write" : "read",
                          (long long)((exec_now_ns() - started) / MS));
  }
}

static const char *words_of(const exec_request *request) {
  return request->text[0] ? request->text : "the program gave no reason";
}

mapper_status request_read(mapper_device *device, const mapper_call *call, const uint32_t *points,
                           uint32_t count) {
  buffer rest = {0};
  uint32_t asked = 0;
  bool good = buffer_append(&rest, ",\"read\":[", 9);
  for (uint32_t i = 0; i < count && good; i++) {
    const exec_point *point = points[i] < device->count ? &device->points[points[i]] : NULL;
    if (!point || !point->is_bound) continue;
    if (asked++) good = buffer_append(&rest, ",", 1);
    good = good && convert_json_text(point->field, strlen(point->field), &rest);
  }
  good = good && buffer_append(&rest, "]}\n", 3);
  if (!good) {
    buffer_free(&rest);
    return MAPPER_NO_MEMORY;
  }
  mapper_status status = ask(device, call, false, &rest);
  if (status != MAPPER_OK || !device->request.is_failure) return status;
  return mapper_failf(exec_api, call, device->request.status, "%s: %s",
                      device->settings.command.name, words_of(&device->request));
}

bool request_values(mapper_device *device, const mapper_call *call, const mapper_write *writes,
                    uint32_t count, mapper_status *results, buffer *json, uint32_t *taken) {
  *taken = 0;
  bool good = buffer_append(json, "{", 1);
  for (uint32_t i = 0; i < count && good; i++) {
    uint32_t id = writes[i].point;
    const exec_point *point = id < device->count ? &device->points[id] : NULL;
    if (!point || !point->is_bound) {
      results[i] = mapper_fail_itemf(exec_api, call, i, MAPPER_NOT_FOUND, "point %u is not bound",
                                     (unsigned)id);
      continue;
    }
    if (point->how.type != MAPPER_TYPE_NONE && writes[i].value.type != point->how.type) {
      results[i] = mapper_fail_itemf(
          exec_api, call, i, MAPPER_TYPE, "%s: a value of type %u: expected %s", point->name,
          (unsigned)writes[i].value.type, convert_expected(point->how.type));
      continue;
    }
    size_t before = json->size;
    good = (*taken == 0 || buffer_append(json, ",", 1)) &&
           convert_json_text(point->field, strlen(point->field), json) &&
           buffer_append(json, ":", 1);
    results[i] = good ? convert_json_value(&writes[i].value, json) : MAPPER_NO_MEMORY;
    good = results[i] != MAPPER_NO_MEMORY;
    if (results[i] == MAPPER_OK) {
      ++*taken;
    } else {
      json->size = before;
      mapper_fail_itemf(exec_api, call, i, results[i], "%s: this value cannot be written as JSON",
                        point->name);
    }
  }
  return good && buffer_append(json, "}", 1);
}

mapper_status request_write(mapper_device *device, const mapper_call *call,
                            const mapper_write *writes, uint32_t count, mapper_status *results) {
  buffer rest = {0};
  uint32_t taken = 0;
  bool good = buffer_append(&rest, ",\"write\":", 9) &&
              request_values(device, call, writes, count, results, &rest, &taken) &&
              buffer_append(&rest, "}\n", 2);
  if (!good || taken == 0) {
    buffer_free(&rest);
    return good ? MAPPER_OK : MAPPER_NO_MEMORY;
  }
  mapper_status status = ask(device, call, true, &rest);
  if (status != MAPPER_OK) return status;
  const exec_request *request = &device->request;
  if (request->is_failure && request->status == MAPPER_UNAVAILABLE)
    return mapper_failf(exec_api, call, request->status, "%s: %s", device->settings.command.name,
                        words_of(request));
  for (uint32_t i = 0; i < count; i++) {
    if (results[i] != MAPPER_OK) continue;
    const char *refusal = device->points[writes[i].point].refusal;
    if (!refusal && request->is_failure) refusal = words_of(request);
    if (refusal) results[i] = mapper_fail_itemf(exec_api, call, i, request->status, "%s", refusal);
  }
  return MAPPER_OK;
}
