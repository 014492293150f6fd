/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of the mapper for devices behind a program.
 *
 * A program that runs all the time (push, poll) has a thread of its own in the mapper, which starts
 * it, is the only one to touch its pipes, and sees its end. Lane calls hand it messages and wait
 * for answers. A program that runs anew for each reading runs within the lane call.
 */
#ifndef EXEC_H
#define EXEC_H

#include <pthread.h>

#include "lines.h"
#include "mapper/ext/subscribe.h"
#include "mapper/helpers.h"
#include "message.h"
#include "process.h"

#define MS ((int64_t)1000000)
#define REASON_MAX 320

/* Of messages that wait for a program to take them. More are refused: BUSY. */
#define OUTPUT_MAX ((size_t)256 << 10)

/* The host, from load to unload. */
extern mapper_host *exec_host;
extern const mapper_host_api *exec_api;

int64_t exec_now_ns(void);

/* ---- settings (settings.c, words.c, command.c) --------------------------------------------- */

typedef enum exec_mode { MODE_PUSH, MODE_POLL, MODE_ONESHOT } exec_mode;
typedef enum exec_format { FORMAT_MESSAGES, FORMAT_JSON, FORMAT_TEXT } exec_format;

/* Texts that own their memory; items[count] is null. */
typedef struct word_list {
  char **items;
  size_t count;
} word_list;

/* Takes `text` over, which is freed when there is no memory. */
bool words_add(word_list *words, char *text);
/* Splits at spaces, as a shell does without its other rules. False, with what is wrong. */
bool words_split(word_list *words, const char *text, const char **why);
/* The strings of a JSON array. */
bool words_of_json(word_list *words, const char *json, size_t size, const char **why);
/* The item "name=…", or null. */
char *words_variable(const word_list *words, const char *name, size_t size);
void words_free(word_list *words);

typedef struct exec_command {
  word_list words; /* none: there is no such command */
  char name[64];   /* for messages: "python3 board.py" */
} exec_command;

typedef struct exec_settings {
  exec_mode mode;
  exec_format format;
  exec_command command, set_command;
  word_list environment; /* all of it: NAME=value */
  char *folder;          /* or null */
  bool waits_for_line;
  int64_t start_ns, stop_ns;
  size_t line_max;
} exec_settings;

mapper_status settings_read(exec_settings *settings, const mapper_settings *from,
                            const mapper_call *call);
void settings_free(exec_settings *settings);

/* Where the program of a command is, from malloc: as written, in the working folder, or found by
 * PATH. Null, with a reason, if there is none. */
char *settings_program(const exec_settings *settings, const exec_command *command,
                       char reason[REASON_MAX]);

/* Starts the program of a command. False, with a reason, when that fails. */
bool settings_start(const exec_settings *settings, const exec_command *command,
                    exec_process *process, char reason[REASON_MAX]);

/* What a program says on its standard error goes to the log; the last line tells why it ended. */
typedef struct error_tail {
  const char *name;
  char last[160];
} error_tail;

line_receiver settings_take_error; /* its context is an error_tail */

/* "ended with status 1: No module named 'smbus'", after the name. */
void settings_describe_end(const error_tail *errors, const char *before, int status,
                           char text[REASON_MAX]);

/* ---- points (point.c) --------------------------------------------------------------------- */

/* What a program says a point is, or why it says nothing. */
typedef struct exec_point {
  char *name, *field;
  bool is_bound;
  conversion how; /* `path` points into `field` */

  bool has_reading;
  bool is_fresh; /* came with the present answer */
  mapper_status status;
  mapper_value value; /* its data in `room`; where status is not OK, a text that says why */
  uint32_t quality;
  int64_t source_ns;
  buffer room;
  char *refusal; /* why the present write failed, or null */

  bool is_subscribed;
  bool is_dirty; /* is in the device's list */
  int64_t reported_ns;
} exec_point;

/* ---- device ------------------------------------------------------------------------------- */

typedef enum stream_state {
  STREAM_NONE,
  STREAM_STARTING,
  STREAM_RUNNING,
  STREAM_ENDED
} stream_state;

/* What a lane call waits for. */
typedef struct exec_request {
  uint64_t id; /* 0: nothing */
  bool is_write;
  bool is_answered;
  bool is_failure;
  mapper_status status;
  char text[REASON_MAX];
} exec_request;

struct mapper_device {
  uint64_t token;
  exec_settings settings;
  exec_point *points;
  uint32_t count;
  uint32_t *by_key; /* bound points by the first key of their path */
  uint32_t key_count;

  pthread_mutex_t lock; /* guards what follows, and the readings in `points` */
  pthread_cond_t idle;  /* a report is over */
  pthread_t thread;
  bool has_thread; /* of lane calls */
  int wake;        /* eventfd: there is something for the thread */
  int told;        /* eventfd: there is something for the lane call */
  stream_state state;
  mapper_status failure; /* how it ended */
  char failure_text[REASON_MAX];
  bool is_stopping, is_hurried;
  buffer output; /* for its standard input */
  size_t sent;   /* of it */
  uint64_t last_id;
  exec_request request;
  char unknown[64]; /* a key that is the field of no property, or "" */
  bool told_unknown;

  /* The subscription. Nothing is queued but the latest reading of each point: when the host is busy
   * a newer one takes its place, and `replaced` counts. */
  uint64_t subscription;
  bool has_subscription, is_reporting;
  int64_t interval_ns, busy_until_ns;
  uint32_t *dirty;
  uint32_t dirty_count;
  mapper_sample *samples;
  uint64_t replaced;

  /* The thread's own. */
  exec_process process;
  line_buffer lines, error_lines;
  error_tail errors;
  int64_t closed_ns;  /* when it closed its standard output, or 0 */
  bool closed_output; /* and was ended for that */
  uint64_t bad_lines, late_answers;
};

mapper_status device_bind(mapper_device *device, const mapper_call *call,
                          const mapper_point *points, uint32_t count, mapper_status *results);
void device_free_points(mapper_device *device);

/* Readings, called with the lock held. `values` is an object by the first keys of the fields,
 * `failed` one of texts by the fields themselves; of a write, they are refusals. */
void device_take_values(mapper_device *device, const json_view *values, uint32_t quality,
                        int64_t source_ns);
void device_take_text(mapper_device *device, const char *text, size_t size);
void device_take_failures(mapper_device *device, const json_view *failed, mapper_status status,
                          bool of_write);
/* Tells, once a program, of a value without a property. Called without the lock. */
void device_tell_unknown(mapper_device *device);
/* No reading is fresh and no write refused. */
void device_forget_answers(mapper_device *device);

/* ---- a program that runs all the time (stream, loop, incoming, request, report) ------------ */

mapper_status stream_open(mapper_device *device, const mapper_call *call);
void stream_close(mapper_device *device);
void stream_wake(mapper_device *device);
/* Called with the lock held: appends a line to what the program is to read. OK, BUSY or
 * NO_MEMORY. */
mapper_status stream_put(mapper_device *device, const char *line, size_t size);

/* On the program's thread: the device counts as connected, or the program is to be ended because of
 * `failure`. */
void stream_started(mapper_device *device);
void stream_give_up(mapper_device *device, mapper_status failure, const char *text);

/* From the start of the program until it has ended and all it said is taken; not yet waited for. */
void stream_serve(mapper_device *device);

/* What a line of the program says. On its thread; the context is the device. */
line_receiver stream_take_line;

mapper_status request_read(mapper_device *device, const mapper_call *call, const uint32_t *points,
                           uint32_t count);
mapper_status request_write(mapper_device *device, const mapper_call *call,
                            const mapper_write *writes, uint32_t count, mapper_status *results);
/* {"a":1,"b":"x"} of what can be written; the others get their result. False: no memory. */
bool request_values(mapper_device *device, const mapper_call *call, const mapper_write *writes,
                    uint32_t count, mapper_status *results, buffer *json, uint32_t *taken);

/* Called with the lock held: a point has a new reading. */
void report_mark(mapper_device *device, exec_point *point);
/* Reports what is due and says when to look again. Takes the lock and lets it go for the report. */
int64_t report_flush(mapper_device *device);
extern const mapper_subscribe exec_subscribe;

/* ---- a program that runs for each call (oneshot.c) ---------------------------------------- */

mapper_status oneshot_check(mapper_device *device, const mapper_call *call);
mapper_status oneshot_read(mapper_device *device, const mapper_call *call);
mapper_status oneshot_write(mapper_device *device, const mapper_call *call,
                            const mapper_write *writes, uint32_t count, mapper_status *results);

#endif
