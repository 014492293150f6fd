/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "broker.h"

struct responder {
  const real_broker *broker;
  const char *to, *answer;
  listener *listener;
  atomic_bool is_stopping;
  char last[128];
  bool has_last;
  pthread_t thread;
};

static void *respond(void *argument) {
  responder *self = argument;
  while (!atomic_load(&self->is_stopping)) {
    const char *got = listener_next(self->listener, 50);
    if (!got) continue;
    snprintf(self->last, sizeof self->last, "%s", got);
    self->has_last = true;
    publish(self->broker, self->to, self->answer ? self->answer : self->last, false);
  }
  return NULL;
}

responder *responder_start(const real_broker *broker, const char *topic, const char *to,
                           const char *answer) {
  responder *self = calloc(1, sizeof *self);
  if (!self) abort();
  *self = (responder){.broker = broker, .to = to, .answer = answer};
  self->listener = listener_new(broker, topic);
  if (!self->listener || pthread_create(&self->thread, NULL, respond, self) != 0) abort();
  return self;
}

const char *responder_stop(responder *self) {
  static char last[sizeof self->last];
  atomic_store(&self->is_stopping, true);
  pthread_join(self->thread, NULL);
  bool has_last = self->has_last;
  snprintf(last, sizeof last, "%s", self->last);
  listener_free(self->listener);
  free(self);
  return has_last ? last : NULL;
}
