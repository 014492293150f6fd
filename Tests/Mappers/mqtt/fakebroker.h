/* SPDX-License-Identifier: Apache-2.0
 *
 * A broker that answers as a test wants it to: not at all, or with a refusal. For one client at a
 * time; it delivers no messages.
 */
#ifndef TESTS_MQTT_FAKEBROKER_H
#define TESTS_MQTT_FAKEBROKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

typedef struct fake_broker {
  /* What it answers; may be changed while it runs. -1: nothing. */
  atomic_int connack;    /* 0: accepted */
  atomic_int suback;     /* of each topic: 0, 1, 2, or 128 */
  atomic_int suback_odd; /* of every second topic; -2: as the others */
  atomic_bool has_puback;

  atomic_int ids[64]; /* packet identifiers not acknowledged, in their order */
  atomic_int id_count;

  /* What it has seen. */
  atomic_int connects, publishes;
  double connected_ms[8]; /* when each of the first came; read once `connects` has counted it */

  char url[64];
  int file;
  atomic_int client;
  atomic_bool is_stopping;
  pthread_t thread;
} fake_broker;

void fake_broker_start(fake_broker *broker);
/* Cuts the client off. */
void fake_broker_drop(fake_broker *broker);
/* Acknowledges what was published with QoS 1 so far and was not acknowledged. */
void fake_broker_acknowledge(fake_broker *broker);
void fake_broker_stop(fake_broker *broker);

#endif
