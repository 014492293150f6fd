/* SPDX-License-Identifier: Apache-2.0
 *
 * What a program that runs all the time says. On its thread.
 */
#define _POSIX_C_SOURCE 200809L
#include <sys/eventfd.h>

#include "exec.h"

static void bad_line(mapper_device *device, const char *why, const char *text, size_t size) {
  char shown[96];
  message_excerpt(text, size, shown, sizeof shown);
  device->bad_lines++;
  mapper_logf(exec_api, exec_host, MAPPER_LOG_WARNING, "%s: a line was left out: %s: '%s'",
              device->settings.command.name, why, shown);
}

static void take_link(mapper_device *device, const exec_message *message) {
  char reason[REASON_MAX];
  message_text(&message->reason, reason, sizeof reason);
  if (message->link != MAPPER_LINK_UP && !reason[0])
    snprintf(reason, sizeof reason, "%s gave no reason", device->settings.command.name);
  pthread_mutex_lock(&device->lock);
  bool is_starting = device->state == STREAM_STARTING, is_running = device->state == STREAM_RUNNING;
  pthread_mutex_unlock(&device->lock);
  if (is_starting && message->link == MAPPER_LINK_DOWN)
    stream_give_up(device, MAPPER_UNAVAILABLE, reason);
  else if (is_starting)
    stream_started(device);
  if (is_starting && message->link != MAPPER_LINK_DEGRADED) return;
  if (is_starting || is_running)
    exec_api->link(exec_host, device->token, message->link,
                   message->link == MAPPER_LINK_UP ? MAPPER_OK : message->status, reason,
                   strlen(reason));
}

/* Called with the lock held. False when nobody waits for it, or no longer. */
static bool take_answer(mapper_device *device, const exec_message *message) {
  exec_request *request = &device->request;
  if (request->id == 0 || request->id != message->id || request->is_answered) return false;
  request->is_answered = true;
  request->is_failure = message->is_failure;
  request->status = message->status;
  message_text(&message->error, request->text, sizeof request->text);
  return true; /* the lane call is told once all is taken */
}

static void take_readings(mapper_device *device, const exec_message *message) {
  pthread_mutex_lock(&device->lock);
  bool is_wanted =
      message->has_id ? take_answer(device, message) : device->settings.mode == MODE_PUSH;
  bool of_write = message->has_id && device->request.is_write;
  if (is_wanted && message->values.start)
    device_take_values(device, &message->values, message->quality, message->source_ns);
  if (is_wanted && message->failed.start)
    device_take_failures(device, &message->failed, message->status, of_write);
  if (is_wanted && message->has_id) eventfd_write(device->told, 1);
  pthread_mutex_unlock(&device->lock);
  device_tell_unknown(device);
  if (message->has_id && !is_wanted) {
    device->late_answers++;
    mapper_logf(exec_api, exec_host, MAPPER_LOG_DEBUG,
                "%s: the answer to request %llu was left out: it came too late, or was never asked",
                device->settings.command.name, (unsigned long long)message->id);
  }
}

static void take_message(mapper_device *device, const char *text, size_t size) {
  exec_message message;
  const char *why;
  if (!message_parse(text, size, &message, &why)) {
    bad_line(device, why, text, size);
    return;
  }
  if (message.log.start) {
    char line[MAPPER_TEXT_MAX];
    message_text(&message.log, line, sizeof line);
    mapper_logf(exec_api, exec_host, message.level, "%s: %s", device->settings.command.name, line);
  }
  if (message.link) take_link(device, &message);
  if (message.has_id || message.values.start || message.failed.start)
    take_readings(device, &message);
  if (message.link != MAPPER_LINK_DOWN) stream_started(device); /* its values are there to read */
}

void stream_take_line(void *context, const char *text, size_t size) {
  static const json_path whole = {0};
  mapper_device *device = context;
  if (!text) {
    device->bad_lines++;
    mapper_logf(exec_api, exec_host, MAPPER_LOG_WARNING,
                "%s: a line of %zu bytes was left out: maxLineBytes is %zu",
                device->settings.command.name, size, device->settings.line_max);
    return;
  }
  json_view root;
  switch (device->settings.format) {
  case FORMAT_MESSAGES:
    take_message(device, text, size);
    break;
  case FORMAT_JSON:
    if (json_find(text, size, &whole, &root) != JSON_FOUND || root.kind != JSON_OBJECT) {
      bad_line(device, "it is no JSON object", text, size);
      return;
    }
    pthread_mutex_lock(&device->lock);
    device_take_values(device, &root, MAPPER_GOOD, 0);
    pthread_mutex_unlock(&device->lock);
    stream_started(device);
    break;
  case FORMAT_TEXT:
    pthread_mutex_lock(&device->lock);
    device_take_text(device, text, size);
    pthread_mutex_unlock(&device->lock);
    stream_started(device);
    break;
  }
  report_flush(device); /* before the next line takes its place */
}
