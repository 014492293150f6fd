/* SPDX-License-Identifier: Apache-2.0
 *
 * A real mosquitto on a free loopback port, in a folder of its own, and a client to talk with it.
 */
#ifndef TESTS_MQTT_BROKER_H
#define TESTS_MQTT_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct real_broker {
  char folder[64];
  int port;
  pid_t process;
  char url[64];
} real_broker;

/* Writes the configuration, starts the broker and waits until it accepts. `user` with `password` is
 * the only one that may connect; null: anybody. */
bool real_broker_start(real_broker *broker, const char *user, const char *password);
/* Ends the process, keeps port and folder. */
void real_broker_stop(real_broker *broker);
/* Starts it again after a stop. */
bool real_broker_again(real_broker *broker);
/* Lines of its log that contain the text. */
int real_broker_logged(const real_broker *broker, const char *text);
/* Waits until there is one. */
bool real_broker_wait_log(const real_broker *broker, const char *text, int timeout_ms);
/* Stops it and removes its folder. */
void real_broker_free(real_broker *broker);

/* A free port on 127.0.0.1. */
int free_port(void);

/* Publishes with QoS 1 and waits for the acknowledgement. */
bool publish(const real_broker *broker, const char *topic, const char *payload, bool retain);
bool publish_bytes(const real_broker *broker, const char *topic, const void *payload, size_t size,
                   bool retain);

/* Listens on a topic until it is freed. */
typedef struct listener listener;
listener *listener_new(const real_broker *broker, const char *topic);
/* Waits for the next message: its payload, NUL-terminated, valid until the next call; null when
 * none has come in the time. */
const char *listener_next(listener *listener, int timeout_ms);
/* Whether the last one had the flag. */
bool listener_retained(const listener *listener);
void listener_free(listener *listener);

#endif
