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
  int tls_port;
  char tls_url[64]; /* by the name localhost */
} real_broker;

/* Writes the configuration, starts the broker and waits until it accepts. `user` with `password` is
 * the only one that may connect; null: anybody. */
bool real_broker_start(real_broker *broker, const char *user, const char *password);
/* The same in two steps: folder and ports first, then with further lines of configuration. */
void real_broker_prepare(real_broker *broker);
bool real_broker_run(real_broker *broker, const char *lines);
/* With a TLS listener beside the plain one, with certificates out of its folder (certificates.h);
 * ca.crt is the CA of clients. */
bool real_broker_run_tls(real_broker *broker, const char *certificate, bool wants_certificate);
/* The path of a file in its folder; valid for the next three calls of the thread. */
const char *real_broker_file(const real_broker *broker, const char *name);
void real_broker_write(const real_broker *broker, const char *name, const char *text);
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

/* Publishes to `count` topics, made of the format and 0, 1, 2 …, over one connection. */
bool publish_range(const real_broker *broker, const char *topic, int count, const char *payload);

/* Listens on a topic until it is freed. */
typedef struct listener listener;
listener *listener_new(const real_broker *broker, const char *topic);
/* With a client identifier. */
listener *listener_named(const real_broker *broker, const char *id, const char *topic);
/* Waits for the next message: its payload, NUL-terminated, valid until the next call; null when
 * none has come in the time. */
const char *listener_next(listener *listener, int timeout_ms);
/* Whether the last one had the flag. */
bool listener_retained(const listener *listener);
void listener_free(listener *listener);

/* A device, on a thread of its own: for each message on `topic` it publishes `answer` on `to`, or,
 * where that is null, what it got. */
typedef struct responder responder;
responder *responder_start(const real_broker *broker, const char *topic, const char *to,
                           const char *answer);
/* Ends it. Returns the last message it got, valid until the next one is stopped, or null. */
const char *responder_stop(responder *responder);

#endif
