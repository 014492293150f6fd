/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of the mapper for virtual devices: a device made of functions, for tests and demos.
 */
#ifndef VIRTUAL_H
#define VIRTUAL_H

#include <pthread.h>

#include "mapper/ext/discovery.h"
#include "mapper/ext/methods.h"
#include "mapper/ext/subscribe.h"
#include "mapper/helpers.h"

/* The host, from load to unload. */
extern mapper_host *virtual_host;
extern const mapper_host_api *virtual_api;

/* ---- faults (fault.c) --------------------------------------------------------------------- */

typedef enum virtual_fault_kind {
  FAULT_NONE,
  FAULT_DELAY, /* answers `amount` milliseconds late; honours deadline and cancellation */
  FAULT_ERROR, /* fails the call with `status` */
  FAULT_HANG,  /* never returns: ignores deadline and cancellation */
  FAULT_CRASH, /* writes where there is no memory */
  FAULT_EXIT,  /* ends the process with code `amount` */
  FAULT_LEAK,  /* takes `amount` bytes for ever, at each call */
} virtual_fault_kind;

typedef struct virtual_fault {
  virtual_fault_kind kind;
  mapper_status status;
  uint64_t amount;
} virtual_fault;

typedef enum virtual_call { ON_OPEN, ON_READ, ON_WRITE, ON_METHOD, ON_COUNT } virtual_call;

#define FAULT_EXPECTED "none, delay:MS, error:CLASS, hang, crash, exit, exit:CODE or leak:BYTES"

/* Room for the text of any fault. */
#define FAULT_TEXT_MAX 48

bool virtual_fault_parse(const char *text, size_t size, virtual_fault *fault);
size_t virtual_fault_print(const virtual_fault *fault, char text[FAULT_TEXT_MAX]);
/* "open", "read", "write" or "method"; ON_COUNT when it is none of them. */
virtual_call virtual_fault_call(const char *name);
const char *virtual_call_name(virtual_call which);

/* Waits so long within a lane call. CANCELLED; TIMEOUT when the deadline came first. */
mapper_status virtual_wait(uint64_t milliseconds, const mapper_call *call);

/* Does what the fault says within a lane call, and returns how the call goes on. */
mapper_status virtual_fault_strike(const virtual_fault *fault, const mapper_call *call);

/* The part of a fault that needs no call: hang, crash, exit, leak. */
void virtual_fault_strike_process(const virtual_fault *fault);

/* ---- points (point.c, value.c) ------------------------------------------------------------ */

typedef enum virtual_kind {
  KIND_NONE, /* refused in bind */
  KIND_SINE,
  KIND_RAMP,
  KIND_RANDOM_WALK,
  KIND_COUNTER,
  KIND_CONSTANT,
  KIND_SETTABLE,
  KIND_FAULT,
} virtual_kind;

const char *virtual_kind_name(virtual_kind kind);

typedef struct virtual_point {
  virtual_kind kind;
  mapper_type type;
  virtual_call fault_call; /* KIND_FAULT */
  char *name;
  double offset, amplitude, minimum, maximum, step;
  int64_t period_ns;
  int64_t cycle_ns; /* how often it is pushed */

  uint64_t random;   /* state of the generator: KIND_RANDOM_WALK */
  double level;      /* where KIND_RANDOM_WALK and KIND_COUNTER stand */
  bool began;        /* `level` has been read once */
  mapper_value held; /* KIND_CONSTANT, KIND_SETTABLE: the value, its data in `bytes` */
  char *text;        /* what they hold at first, if it is text or bytes */
  uint8_t *bytes;
  size_t capacity;

  bool pushed;    /* part of the running subscription */
  int64_t due_ns; /* when it is to be pushed next */
} virtual_point;

mapper_status virtual_point_bind(virtual_point *point, const mapper_point *from, int64_t seed,
                                 const mapper_call *call);
void virtual_point_free(virtual_point *point);

/* Curves, counters and walks begin again. */
void virtual_point_restart(virtual_point *point, int64_t seed);
/* A settable point holds what it held at first. False when there is no memory. */
bool virtual_point_restore(virtual_point *point);

bool virtual_is_data(mapper_type type);

/* splitmix64: a good generator of 64 bits of state. */
uint64_t virtual_random(uint64_t *state);

/* The number as a value of the type; false when the type cannot hold it. Fractions are rounded for
 * integers; for BOOL the caller decides. */
bool virtual_number_value(double number, mapper_type type, mapper_value *value);

bool virtual_point_hold(virtual_point *point, const mapper_value *value);

/* Most bytes that the next value of the point needs beside the value itself. */
size_t virtual_point_room(const virtual_point *point);

/* The value at `elapsed_ns` after open. Moves on what depends on reads. `faults` is for points that
 * show them. `room` is where text and bytes go. */
mapper_status virtual_point_value(virtual_point *point, int64_t elapsed_ns,
                                  const virtual_fault faults[ON_COUNT], uint8_t *room,
                                  mapper_value *value);

mapper_status virtual_point_check_write(const virtual_point *point, const mapper_value *value,
                                        const mapper_call *call, uint32_t index);

/* ---- device (device.c, push.c, methods.c, discovery.c) ------------------------------------ */

/* Memory that a batch of values points into. Grows, never shrinks. */
typedef struct virtual_scratch {
  uint8_t *bytes;
  size_t capacity;
} virtual_scratch;

struct mapper_device {
  uint64_t token;
  int64_t seed;
  bool push;

  virtual_point *points;
  uint32_t count;
  virtual_scratch scratch; /* of the lane calls: lives until the next one */

  /* Guards what follows and the state in `points`. Held for copies only. */
  pthread_mutex_t lock;
  pthread_cond_t wake; /* the push thread's; CLOCK_MONOTONIC */
  virtual_fault faults[ON_COUNT];
  int64_t opened_ns;
  bool stopping;
  bool running; /* there is a push thread to join */

  /* Written in start while there is no push thread, then read by it alone. */
  pthread_t thread;
  uint64_t subscription;
  int64_t min_interval_ns;
  mapper_sample *samples; /* `count` of them */
  virtual_scratch push_scratch;
  char fault_text[FAULT_TEXT_MAX]; /* what samples of an armed error point to */
};

int64_t virtual_now_ns(void);

/* Fills out[i] with the value of point points[i]. Called with the lock held. */
mapper_status virtual_collect(mapper_device *device, const uint32_t *points, uint32_t count,
                              mapper_sample *out, virtual_scratch *scratch);

/* The device's settings and a point's as JSON, from malloc; null when there is no memory. */
char *virtual_device_settings(const mapper_device *device);
char *virtual_point_settings(const virtual_point *point);

extern const mapper_subscribe virtual_subscribe;
extern const mapper_methods virtual_methods;
extern const mapper_discovery virtual_discovery;

#endif
