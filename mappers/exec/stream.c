/* SPDX-License-Identifier: Apache-2.0
 *
 * A program that runs all the time: its thread, and what lane calls do with it. The thread starts
 * the program, because the kernel ties its life to the thread that did.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "exec.h"

void stream_wake(mapper_device *device) { eventfd_write(device->wake, 1); }

mapper_status stream_put(mapper_device *device, const char *line, size_t size) {
  buffer *output = &device->output;
  if (output->size - device->sent + size > OUTPUT_MAX) return MAPPER_BUSY;
  if (device->sent > 0) {
    memmove(output->bytes, output->bytes + device->sent, output->size - device->sent);
    output->size -= device->sent;
    device->sent = 0;
  }
  return buffer_append(output, line, size) ? MAPPER_OK : MAPPER_NO_MEMORY;
}

void stream_started(mapper_device *device) {
  pthread_mutex_lock(&device->lock);
  if (device->state == STREAM_STARTING && !device->is_stopping) {
    device->state = STREAM_RUNNING;
    eventfd_write(device->told, 1);
  }
  pthread_mutex_unlock(&device->lock);
}

void stream_give_up(mapper_device *device, mapper_status failure, const char *text) {
  pthread_mutex_lock(&device->lock);
  if (!device->is_stopping) {
    device->failure = failure;
    snprintf(device->failure_text, sizeof device->failure_text, "%s", text);
    device->is_stopping = device->is_hurried = true;
  }
  pthread_mutex_unlock(&device->lock);
}

/* ---- its thread --------------------------------------------------------------------------- */

/* Says how it ended to those who wait, or to the host. */
static void tell_end(mapper_device *device, mapper_status failure, const char *text) {
  char reason[REASON_MAX];
  pthread_mutex_lock(&device->lock);
  if (!device->is_stopping || device->closed_output) {
    device->failure = failure;
    snprintf(device->failure_text, sizeof device->failure_text, "%s", text);
  }
  bool is_news = device->state == STREAM_RUNNING && (!device->is_stopping || device->closed_output);
  device->state = STREAM_ENDED;
  failure = device->failure;
  memcpy(reason, device->failure_text, sizeof reason);
  eventfd_write(device->told, 1);
  pthread_mutex_unlock(&device->lock);
  if (is_news)
    exec_api->link(exec_host, device->token, MAPPER_LINK_DOWN, failure, reason, strlen(reason));
}

static void *run(void *argument) {
  mapper_device *device = argument;
  const exec_settings *settings = &device->settings;
  char text[REASON_MAX];
  if (!settings_start(settings, &settings->command, &device->process, text)) {
    tell_end(device, MAPPER_UNAVAILABLE, text);
    return NULL;
  }
  stream_serve(device);
  settings_describe_end(&device->errors,
                        device->closed_output ? "closed its standard output and " : "",
                        process_finish(&device->process), text);
  if (device->bad_lines || device->late_answers || device->replaced)
    mapper_logf(exec_api, exec_host, MAPPER_LOG_DEBUG,
                "%s: %llu lines and %llu late answers were left out, %llu values replaced by newer "
                "ones before they were reported",
                settings->command.name, (unsigned long long)device->bad_lines,
                (unsigned long long)device->late_answers, (unsigned long long)device->replaced);
  tell_end(device, MAPPER_UNAVAILABLE, text);
  return NULL;
}

/* ---- open and close ----------------------------------------------------------------------- */

/* A thread inherits the mask of signals, so they are blocked while it is made. */
static int start_thread(mapper_device *device) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&device->thread, NULL, run, device);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return error;
}

/* Each open begins without values. */
static void forget(mapper_device *device) {
  device_forget_answers(device);
  for (uint32_t i = 0; i < device->count; i++) {
    device->points[i].has_reading = device->points[i].is_dirty = false;
    device->points[i].is_subscribed = false;
  }
  device->dirty_count = 0;
  device->has_subscription = false;
  device->output.size = device->sent = 0;
  device->request = (exec_request){0};
  device->failure = MAPPER_UNAVAILABLE;
  snprintf(device->failure_text, sizeof device->failure_text, "%s is not running",
           device->settings.command.name);
  device->is_stopping = device->is_hurried = device->closed_output = device->told_unknown = false;
  device->errors = (error_tail){.name = device->settings.command.name};
  device->closed_ns = 0;
  device->unknown[0] = 0;
  device->bad_lines = device->late_answers = device->replaced = 0;
  device->lines.limit = device->error_lines.limit = device->settings.line_max;
}

static void end_thread(mapper_device *device, bool is_hurried) {
  pthread_mutex_lock(&device->lock);
  device->is_stopping = true;
  if (is_hurried) device->is_hurried = true;
  pthread_mutex_unlock(&device->lock);
  if (!device->has_thread) return;
  stream_wake(device);
  pthread_join(device->thread, NULL);
  device->has_thread = false;
  lines_free(&device->lines);
  lines_free(&device->error_lines);
}

mapper_status stream_open(mapper_device *device, const mapper_call *call) {
  eventfd_t ignored;
  forget(device);
  device->state = STREAM_STARTING;
  eventfd_read(device->told, &ignored);
  int error = start_thread(device);
  if (error)
    return mapper_failf(exec_api, call, MAPPER_NO_MEMORY, "cannot start a thread: %s (errno %d)",
                        strerror(error), error);
  device->has_thread = true;
  struct pollfd files[2] = {{.fd = device->told, .events = POLLIN},
                            {.fd = exec_api->cancel_fd(call), .events = POLLIN}};
  for (;;) {
    int ready = poll(files, 2, mapper_timeout_ms(exec_api, call, exec_now_ns()));
    if (files[0].revents) eventfd_read(device->told, &ignored);
    pthread_mutex_lock(&device->lock);
    stream_state state = device->state;
    pthread_mutex_unlock(&device->lock);
    if (state == STREAM_RUNNING) return MAPPER_OK;
    bool is_cancelled = exec_api->cancelled(call);
    if (state != STREAM_ENDED && !is_cancelled && ready != 0) continue;
    end_thread(device, true);
    if (state == STREAM_ENDED)
      return mapper_failf(exec_api, call, device->failure, "%s", device->failure_text);
    if (is_cancelled) return MAPPER_CANCELLED;
    return mapper_failf(exec_api, call, MAPPER_TIMEOUT, "%s has not become ready in time",
                        device->settings.command.name);
  }
}

void stream_close(mapper_device *device) {
  exec_subscribe.stop(device, device->subscription);
  end_thread(device, false);
  device->state = STREAM_NONE;
}
