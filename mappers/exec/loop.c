/* SPDX-License-Identifier: Apache-2.0
 *
 * What the thread of a program does from its start to its end: it alone reads, writes and ends it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "exec.h"

/* A program that has run for so long is taken for running. */
#define GRACE (500 * MS)
/* Between SIGTERM and SIGKILL when there is no time for more. */
#define HURRY (200 * MS)
/* How long a program that closed its output may take to end by itself. */
#define CLOSED_WAIT (1000 * MS)
/* How often to look whether it has ended, on kernels that do not tell. */
#define LOOK (50 * MS)
/* Most that is still read from a program that has ended. */
#define REST_MAX ((size_t)4 << 20)

/* How far the end of a program has come. */
typedef enum phase { RUNS, TOLD, TERMINATED, KILLED } phase;

typedef struct loop {
  mapper_device *device;
  phase phase;
  int64_t started_ns, phase_end_ns;
} loop;

/* ---- the end ------------------------------------------------------------------------------ */

static void enter(loop *loop, phase phase, int64_t length_ns) {
  loop->phase = phase;
  loop->phase_end_ns = exec_now_ns() + length_ns;
  if (phase == TERMINATED) {
    process_signal(&loop->device->process, SIGTERM);
    process_signal(&loop->device->process, SIGCONT); /* a stopped one would not see it */
  }
  if (phase == KILLED) {
    process_signal(&loop->device->process, SIGKILL);
    loop->phase_end_ns = INT64_MAX;
  }
}

static void begin_end(loop *loop) {
  mapper_device *device = loop->device;
  static const char stop[] = "{\"stop\":true}\n";
  int64_t half = device->settings.stop_ns / 2;
  pthread_mutex_lock(&device->lock);
  bool is_hurried = device->is_hurried;
  bool speaks = device->settings.format == FORMAT_MESSAGES && !is_hurried && half > 0;
  if (speaks) stream_put(device, stop, sizeof stop - 1); /* if there is no room, the end of input */
  pthread_mutex_unlock(&device->lock);
  if (speaks)
    enter(loop, TOLD, half);
  else
    enter(loop, TERMINATED, is_hurried ? HURRY : device->settings.stop_ns);
}

static void go_on_ending(loop *loop) {
  bool is_due = exec_now_ns() >= loop->phase_end_ns;
  if (loop->phase == TOLD && is_due)
    enter(loop, TERMINATED, loop->device->settings.stop_ns / 2);
  else if (loop->phase == TERMINATED && is_due)
    enter(loop, KILLED, 0);
}

/* ---- input and output --------------------------------------------------------------------- */

static void write_output(loop *loop) {
  mapper_device *device = loop->device;
  pthread_mutex_lock(&device->lock);
  buffer *output = &device->output;
  while (device->process.in >= 0 && device->sent < output->size) {
    ssize_t written = process_write(device->process.in, output->bytes + device->sent,
                                    output->size - device->sent);
    if (written > 0) {
      device->sent += (size_t)written;
    } else if (errno != EINTR) {
      if (errno != EAGAIN) process_close(&device->process.in); /* it reads no more */
      break;
    }
  }
  bool is_empty = device->sent == output->size;
  if (is_empty) output->size = device->sent = 0;
  pthread_mutex_unlock(&device->lock);
  /* The end of input says the same to programs that know no messages. */
  if (is_empty && loop->phase != RUNS) process_close(&device->process.in);
}

/* Reads what is there, at most `most` bytes; a busy program must not keep the thread from all else.
 */
static void read_input(int *file, line_buffer *lines, line_receiver *receive, void *context,
                       size_t most) {
  char bytes[16384];
  while (*file >= 0 && most > 0) {
    ssize_t size = read(*file, bytes, sizeof bytes < most ? sizeof bytes : most);
    if (size > 0) {
      lines_feed(lines, bytes, (size_t)size, receive, context);
      most -= (size_t)size;
    } else if (size == 0) {
      process_close(file);
      lines_end(lines, receive, context);
    } else if (errno != EINTR) {
      return;
    }
  }
}

static void read_both(mapper_device *device, size_t most) {
  /* Errors first, so that the last one is known when a line tells of the end. */
  read_input(&device->process.err, &device->error_lines, settings_take_error, &device->errors,
             most);
  read_input(&device->process.out, &device->lines, stream_take_line, device, most);
}

/* ---- the loop ----------------------------------------------------------------------------- */

static void check_start(loop *loop) {
  mapper_device *device = loop->device;
  pthread_mutex_lock(&device->lock);
  bool is_starting = device->state == STREAM_STARTING && !device->is_stopping;
  pthread_mutex_unlock(&device->lock);
  int64_t age = exec_now_ns() - loop->started_ns;
  const exec_settings *settings = &device->settings;
  if (!is_starting) return;
  if (!settings->waits_for_line && age >= GRACE) stream_started(device);
  if (settings->waits_for_line && age >= settings->start_ns) {
    char text[REASON_MAX];
    snprintf(text, sizeof text, "%s printed no line within %lld ms", settings->command.name,
             (long long)(settings->start_ns / MS));
    stream_give_up(device, MAPPER_TIMEOUT, text);
  }
}

/* Without output there are no more values: it is ended, if it does not end by itself. */
static void check_output(mapper_device *device) {
  if (device->process.out >= 0 || device->closed_output) return;
  int64_t now = exec_now_ns();
  if (!device->closed_ns) device->closed_ns = now;
  if (now < device->closed_ns + CLOSED_WAIT) return;
  device->closed_output = true;
  char text[REASON_MAX];
  snprintf(text, sizeof text, "%s closed its standard output", device->settings.command.name);
  stream_give_up(device, MAPPER_UNAVAILABLE, text);
}

static int timeout_of(const loop *loop, int64_t next_report) {
  const mapper_device *device = loop->device;
  int64_t next = next_report;
  int64_t start = device->settings.waits_for_line ? device->settings.start_ns : GRACE;
  bool runs = loop->phase == RUNS;
  if (runs && device->state == STREAM_STARTING && loop->started_ns + start < next)
    next = loop->started_ns + start;
  if (!runs && loop->phase_end_ns < next) next = loop->phase_end_ns;
  if (runs && device->closed_ns && device->closed_ns + CLOSED_WAIT < next)
    next = device->closed_ns + CLOSED_WAIT;
  int64_t now = exec_now_ns();
  if (device->process.watch < 0 && now + LOOK < next) next = now + LOOK;
  if (next == INT64_MAX) return -1;
  return next <= now ? 0 : (int)((next - now + MS - 1) / MS);
}

/* Until the program has ended. */
static void serve(loop *loop) {
  mapper_device *device = loop->device;
  exec_process *process = &device->process;
  while (!process_has_ended(process)) {
    check_start(loop);
    pthread_mutex_lock(&device->lock);
    bool is_stopping = device->is_stopping;
    bool has_output = device->sent < device->output.size;
    pthread_mutex_unlock(&device->lock);
    if (is_stopping && loop->phase == RUNS) begin_end(loop);
    if (loop->phase != RUNS) {
      go_on_ending(loop);
      has_output = true; /* also to close it */
    }
    int64_t next_report = report_flush(device);
    struct pollfd files[] = {
        {.fd = device->wake, .events = POLLIN},
        {.fd = process->watch, .events = POLLIN},
        {.fd = process->out, .events = POLLIN},
        {.fd = process->err, .events = POLLIN},
        {.fd = has_output ? process->in : -1, .events = POLLOUT},
    };
    poll(files, 5, timeout_of(loop, next_report));
    eventfd_t ignored;
    if (files[0].revents) eventfd_read(device->wake, &ignored);
    if (files[4].revents) write_output(loop);
    if (files[2].revents || files[3].revents) read_both(device, (size_t)256 << 10);
    check_output(device);
  }
}

void stream_serve(mapper_device *device) {
  loop loop = {.device = device, .started_ns = exec_now_ns()};
  serve(&loop);
  read_both(device, REST_MAX);
  lines_end(&device->error_lines, settings_take_error, &device->errors);
  lines_end(&device->lines, stream_take_line, device);
}
