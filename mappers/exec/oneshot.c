/* SPDX-License-Identifier: Apache-2.0
 *
 * A program that runs anew for each reading, or for each set, within the lane call.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "exec.h"

/* How often to look whether it has ended, on kernels that do not tell. */
#define LOOK_MS 20
/* Most that is read at a time from its standard error; a pipe holds no more. */
#define ERRORS_MAX ((size_t)64 << 10)

typedef struct oneshot {
  mapper_device *device;
  exec_process process;
  buffer output;
  line_buffer error_lines;
  error_tail errors;
  bool is_too_long;
} oneshot;

static void read_output(oneshot *run) {
  char bytes[16384];
  while (run->process.out >= 0 && !run->is_too_long) {
    ssize_t size = read(run->process.out, bytes, sizeof bytes);
    if (size == 0) process_close(&run->process.out);
    if (size < 0 && errno != EINTR) return;
    if (size <= 0) continue;
    bool fits = run->output.size + (size_t)size <= run->device->settings.line_max;
    run->is_too_long = !fits || !buffer_append(&run->output, bytes, (size_t)size);
  }
}

/* At most ERRORS_MAX: what never stops must not keep the call from its deadline. */
static void read_errors(oneshot *run) {
  char bytes[4096];
  for (size_t taken = 0; run->process.err >= 0 && taken < ERRORS_MAX;) {
    ssize_t size = read(run->process.err, bytes, sizeof bytes);
    if (size == 0) process_close(&run->process.err);
    if (size < 0 && errno != EINTR) return;
    if (size > 0) taken += (size_t)size;
    if (size > 0)
      lines_feed(&run->error_lines, bytes, (size_t)size, settings_take_error, &run->errors);
  }
}

static void write_input(oneshot *run, const buffer *input, size_t *sent) {
  ssize_t written = process_write(run->process.in, input->bytes + *sent, input->size - *sent);
  if (written > 0) *sent += (size_t)written;
  bool is_over = written < 0 && errno != EINTR && errno != EAGAIN;
  if (is_over || *sent == input->size) process_close(&run->process.in);
}

/* Until it has ended, or must. */
static mapper_status wait_for_end(oneshot *run, const mapper_call *call, const buffer *input) {
  exec_process *process = &run->process;
  const char *name = run->errors.name;
  size_t sent = 0;
  if (!input) process_close(&process->in);
  while (!process_has_ended(process)) {
    struct pollfd files[] = {
        {.fd = process->watch, .events = POLLIN},
        {.fd = process->out, .events = POLLIN},
        {.fd = process->err, .events = POLLIN},
        {.fd = process->in, .events = POLLOUT},
        {.fd = exec_api->cancel_fd(call), .events = POLLIN},
    };
    int left = mapper_timeout_ms(exec_api, call, exec_now_ns());
    bool must_look = process->watch < 0 && left > LOOK_MS;
    int ready = poll(files, 5, must_look ? LOOK_MS : left);
    if (exec_api->cancelled(call)) return MAPPER_CANCELLED;
    if (files[1].revents) read_output(run);
    if (files[2].revents) read_errors(run);
    if (files[3].revents) write_input(run, input, &sent);
    if (run->is_too_long)
      return mapper_failf(exec_api, call, MAPPER_PROTOCOL,
                          "%s printed more than %zu bytes (maxLineBytes)", name,
                          run->device->settings.line_max);
    if (left == 0 || (ready == 0 && !must_look))
      return mapper_failf(exec_api, call, MAPPER_TIMEOUT, "%s has not ended in time", name);
  }
  read_output(run);
  read_errors(run);
  return MAPPER_OK;
}

/* Runs it to its end. OK: it ended with status 0, and `run->output` is what it printed. */
static mapper_status run_command(oneshot *run, const mapper_call *call, const exec_command *command,
                                 const buffer *input) {
  const exec_settings *settings = &run->device->settings;
  char text[REASON_MAX];
  run->errors.name = command->name;
  run->error_lines.limit = settings->line_max;
  if (!settings_start(settings, command, &run->process, text))
    return mapper_failf(exec_api, call, MAPPER_UNAVAILABLE, "%s", text);
  mapper_status status = wait_for_end(run, call, input);
  lines_end(&run->error_lines, settings_take_error, &run->errors);
  int ended = process_finish(&run->process);
  if (status != MAPPER_OK || ended == 0) return status;
  settings_describe_end(&run->errors, "", ended, text);
  return mapper_failf(exec_api, call, MAPPER_PROTOCOL, "%s", text);
}

mapper_status oneshot_check(mapper_device *device, const mapper_call *call) {
  char reason[REASON_MAX];
  char *path = settings_program(&device->settings, &device->settings.command, reason);
  if (!path) return mapper_failf(exec_api, call, MAPPER_UNAVAILABLE, "%s", reason);
  free(path);
  return MAPPER_OK;
}

mapper_status oneshot_read(mapper_device *device, const mapper_call *call) {
  static const json_path whole = {0};
  oneshot run = {.device = device};
  mapper_status status = run_command(&run, call, &device->settings.command, NULL);
  const char *text = run.output.bytes ? run.output.bytes : "";
  json_view root;
  pthread_mutex_lock(&device->lock);
  device_forget_answers(device);
  if (status == MAPPER_OK && device->settings.format == FORMAT_TEXT) {
    size_t size = run.output.size;
    while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r')) size--;
    device_take_text(device, text, size);
  } else if (status == MAPPER_OK) {
    if (json_find(text, run.output.size, &whole, &root) == JSON_FOUND && root.kind == JSON_OBJECT)
      device_take_values(device, &root, MAPPER_GOOD, 0);
    else
      status = MAPPER_PROTOCOL;
    if (status != MAPPER_OK) {
      char shown[96];
      message_excerpt(text, run.output.size, shown, sizeof shown);
      mapper_failf(exec_api, call, status, "%s printed no JSON object: '%s'",
                   device->settings.command.name, shown);
    }
  }
  pthread_mutex_unlock(&device->lock);
  buffer_free(&run.output);
  return status;
}

mapper_status oneshot_write(mapper_device *device, const mapper_call *call,
                            const mapper_write *writes, uint32_t count, mapper_status *results) {
  buffer input = {0};
  uint32_t taken;
  bool good = request_values(device, call, writes, count, results, &input, &taken) &&
              buffer_append(&input, "\n", 1);
  mapper_status status = good ? MAPPER_OK : MAPPER_NO_MEMORY;
  if (good && taken > 0) {
    oneshot run = {.device = device};
    status = run_command(&run, call, &device->settings.set_command, &input);
    buffer_free(&run.output);
  }
  buffer_free(&input);
  return status;
}
