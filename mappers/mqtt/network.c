/* SPDX-License-Identifier: Apache-2.0
 *
 * The network thread of a broker.
 *
 * It drives libmosquitto's loop functions itself, since the library's own thread waits in whole
 * seconds between attempts, blocks in connect, and ends for good after some errors. Each connection
 * starts with a fresh client: what an earlier one left unsent is never sent later.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "mqtt.h"

/* libmosquitto looks after its keep-alive when it is called, so it is called so often. */
#define TICK (1000 * MS)

int64_t mqtt_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * (int64_t)1000000000 + now.tv_nsec;
}

/* ---- the end of a connection or of an attempt --------------------------------------------- */

/* When to try next. The time is shortened at random by up to a fifth, so that not all nodes come at
 * once when a broker is back. */
static int64_t next_attempt(mqtt_broker *broker, bool was_up, int64_t now) {
  if (was_up && now - broker->connected_ns >= BACKOFF_RESET) broker->backoff = BACKOFF_FIRST;
  int64_t wait = broker->backoff;
  if (wait > BACKOFF_FIRST) wait -= wait / 5 * (now / 1000 % 1000) / 1000;
  broker->backoff = 2 * broker->backoff < BACKOFF_LAST ? 2 * broker->backoff : BACKOFF_LAST;
  return now + wait;
}

static void give_up(mqtt_broker *broker, mapper_status status, const char *text) {
  int64_t now = mqtt_now_ns();
  pthread_mutex_lock(&broker->lock);
  bool was_up = broker->state == BROKER_UP;
  broker->state = BROKER_DOWN;
  broker->failures++;
  broker->failure = status;
  const char *what = was_up ? "lost broker" : "no connection to broker";
  snprintf(broker->failure_text, sizeof broker->failure_text, "%s %.80s: %.140s", what,
           broker->address, text);
  broker->attempt_ns = next_attempt(broker, was_up, now);
  publish_fail_all(broker, MAPPER_UNAVAILABLE);
  for (mapper_device *device = broker->devices; device; device = device->next) {
    device_notify(device);
    device_update_link(device);
  }
  pthread_mutex_unlock(&broker->lock);
  client_reset(broker);
  if (was_up) mapper_logf(mqtt_api, mqtt_host, MAPPER_LOG_WARNING, "%s", broker->failure_text);
  report_work(broker);
}

/* ---- attempts ----------------------------------------------------------------------------- */

/* All addresses of the broker's name, since libmosquitto tries only the first when it does not
 * block. False, with the reason, when there is none. */
static bool resolve(mqtt_broker *broker, const char **why) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
  broker->addresses.count = broker->addresses.next = 0;
  int error = getaddrinfo(broker->key.texts[KEY_HOST], NULL, &hints, &found);
  if (error) {
    *why = gai_strerror(error);
    return false;
  }
  for (struct addrinfo *info = found; info && broker->addresses.count < 8; info = info->ai_next) {
    char *text = broker->addresses.text[broker->addresses.count];
    if (getnameinfo(info->ai_addr, info->ai_addrlen, text, sizeof broker->addresses.text[0], NULL,
                    0, NI_NUMERICHOST) == 0)
      broker->addresses.count++;
  }
  freeaddrinfo(found);
  *why = "it has no address";
  return broker->addresses.count > 0;
}

static const char *error_text(int error) {
  return error == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(error);
}

/* Tries the next address, or gives up with what was wrong with the last. */
static void try_address(mqtt_broker *broker, const char *why) {
  while (broker->addresses.next < broker->addresses.count) {
    const char *address = broker->addresses.text[broker->addresses.next++];
    broker->refusal = 0;
    broker->reason[0] = 0;
    int error = client_prepare(broker);
    if (!error)
      error = mosquitto_connect_async(broker->client, address, broker->key.port, KEEPALIVE_S);
    if (error <= 0) {
      broker->connect_end_ns = mqtt_now_ns() + CONNECT_LIMIT;
      return;
    }
    if (broker->reason[0]) { /* the same for every address */
      give_up(broker, broker->reason_status, broker->reason);
      return;
    }
    why = error_text(error);
  }
  give_up(broker, MAPPER_UNAVAILABLE, why);
}

static void begin(mqtt_broker *broker) {
  pthread_mutex_lock(&broker->lock);
  broker->state = BROKER_CONNECTING;
  broker->attempted_ns = mqtt_now_ns();
  pthread_mutex_unlock(&broker->lock);
  const char *why;
  if (resolve(broker, &why))
    try_address(broker, why);
  else
    give_up(broker, MAPPER_UNAVAILABLE, why);
}

/* The connection has ended, or could not be made. */
static void lost(mqtt_broker *broker, const char *why) {
  static const mapper_status refusals[] = {MAPPER_OK,          MAPPER_PROTOCOL, MAPPER_DENIED,
                                           MAPPER_UNAVAILABLE, MAPPER_DENIED,   MAPPER_DENIED};
  int code = broker->refusal;
  if (code > 0)
    give_up(broker, code < 6 ? refusals[code] : MAPPER_PROTOCOL, mosquitto_connack_string(code));
  else if (broker->reason[0])
    give_up(broker, broker->state == BROKER_UP ? MAPPER_UNAVAILABLE : broker->reason_status,
            broker->reason);
  else if (broker->state == BROKER_CONNECTING)
    try_address(broker, why);
  else
    give_up(broker, MAPPER_UNAVAILABLE, why);
}

/* No device is open: leaves. */
static void leave(mqtt_broker *broker, bool is_connected) {
  pthread_mutex_lock(&broker->lock);
  publish_fail_all(broker, MAPPER_UNAVAILABLE);
  pthread_mutex_unlock(&broker->lock);
  client_leave(broker, is_connected);
  broker->backoff = BACKOFF_FIRST;
}

/* ---- the loop ----------------------------------------------------------------------------- */

/* What the thread has to do, as of a moment. */
typedef struct situation {
  bool is_stopping;
  bool is_leaving; /* no device is open, but there is a connection */
  bool is_idle;    /* no device is open */
  bool was_up;     /* what is left is a connection that stands */
  broker_state state;
  int64_t attempt_ns, due_ns;
} situation;

static situation look(mqtt_broker *broker) {
  pthread_mutex_lock(&broker->lock);
  situation now = {.is_stopping = broker->is_stopping, .is_idle = !broker->devices};
  now.is_leaving = (now.is_stopping || now.is_idle) && broker->state != BROKER_DOWN;
  now.was_up = broker->state == BROKER_UP;
  if (now.is_leaving) {
    broker->state = BROKER_DOWN; /* a device that opens from now on waits for a new connection */
    broker->attempt_ns = 0;
  }
  now.state = broker->state;
  now.attempt_ns = broker->attempt_ns;
  now.due_ns = broker->due_ns;
  pthread_mutex_unlock(&broker->lock);
  return now;
}

/* Hands over what lanes have queued, and writes what libmosquitto has. Returns a MOSQ_ERR_. */
static int send_queued(mqtt_broker *broker, const situation *now) {
  int error = MOSQ_ERR_SUCCESS;
  if (now->state == BROKER_UP) error = filter_sync(broker);
  if (!error && now->state == BROKER_UP) error = publish_send(broker);
  if (!error && now->state == BROKER_UP && mosquitto_want_write(broker->client))
    error = mosquitto_loop_write(broker->client, 1);
  return error;
}

/* Waits for the socket, for lanes and for the next thing that is due. */
static void wait(mqtt_broker *broker, const situation *now, struct pollfd files[2]) {
  int64_t until = INT64_MAX, time = mqtt_now_ns();
  if (now->state != BROKER_DOWN) until = time + TICK;
  if (now->state == BROKER_CONNECTING && broker->connect_end_ns < until)
    until = broker->connect_end_ns;
  if (now->state == BROKER_DOWN && !now->is_idle) until = now->attempt_ns;
  if (now->due_ns < until) until = now->due_ns;
  int timeout = -1;
  if (until <= time)
    timeout = 0;
  else if (until < INT64_MAX)
    timeout = (until - time) / MS < 60000 ? (int)((until - time + MS - 1) / MS) : 60000;
  files[0] = (struct pollfd){.fd = broker->wake_fd, .events = POLLIN};
  files[1] = (struct pollfd){.fd = -1};
  if (now->state != BROKER_DOWN) {
    files[1].fd = mosquitto_socket(broker->client);
    if (!tls_is_shaking(broker, &files[1].events))
      files[1].events = POLLIN | (mosquitto_want_write(broker->client) ? POLLOUT : 0);
  }
  if (poll(files, 2, timeout) <= 0) files[0].revents = files[1].revents = 0;
  if (files[0].revents) {
    eventfd_t count;
    eventfd_read(broker->wake_fd, &count);
  }
}

/* Why the connection could not be made, or 0. */
static int connect_error(const struct pollfd *file) {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(file->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0) return errno;
  return error;
}

/* Reads and writes. Returns a MOSQ_ERR_, with errno for MOSQ_ERR_ERRNO. */
static int serve(mqtt_broker *broker, broker_state state, const struct pollfd *file) {
  if (file->fd < 0) return MOSQ_ERR_CONN_LOST;
  if (state == BROKER_CONNECTING && file->revents) {
    int failure = connect_error(file);
    /* A broker that refuses our certificate says so before it cuts the connection. */
    if (failure && file->revents & POLLIN) mosquitto_loop_read(broker->client, 1);
    errno = failure;
    if (failure) return MOSQ_ERR_ERRNO;
  }
  int error = MOSQ_ERR_SUCCESS;
  if (file->revents & POLLOUT) error = mosquitto_loop_write(broker->client, 1);
  if (!error && file->revents & (POLLIN | POLLHUP | POLLERR))
    error = mosquitto_loop_read(broker->client, 1);
  if (!error) error = mosquitto_loop_misc(broker->client);
  return error;
}

static void step(mqtt_broker *broker, const situation *now) {
  int error = send_queued(broker, now);
  if (error) {
    lost(broker, error_text(error));
    return;
  }
  report_work(broker);
  struct pollfd files[2];
  wait(broker, now, files);
  if (now->state != BROKER_DOWN) error = serve(broker, now->state, &files[1]);
  if (error)
    lost(broker, error_text(error));
  else if (broker->state == BROKER_CONNECTING && mqtt_now_ns() >= broker->connect_end_ns)
    lost(broker, "it does not answer");
  report_timers(broker, mqtt_now_ns());
}

void *broker_run(void *argument) {
  mqtt_broker *broker = argument;
  for (;;) {
    situation now = look(broker);
    if (now.is_leaving) leave(broker, now.was_up);
    if (now.is_stopping) return NULL;
    bool is_due = now.state == BROKER_DOWN && !now.is_idle && now.attempt_ns <= mqtt_now_ns();
    if (is_due)
      begin(broker);
    else
      step(broker, &now);
  }
}
