/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of brokers: which devices share a connection, and the life of its thread.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "mqtt.h"

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static mqtt_broker *in_use; /* guarded by list_lock */
static mqtt_broker *unused; /* their threads are about to end */

void broker_key_free(broker_key *key) {
  free(key->host);
  free(key->username);
  free(key->password);
  free(key->client_id);
  *key = (broker_key){0};
}

static bool is_same_text(const char *a, const char *b) {
  return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_same_key(const broker_key *a, const broker_key *b) {
  return a->port == b->port && is_same_text(a->host, b->host) &&
         is_same_text(a->username, b->username) && is_same_text(a->password, b->password) &&
         is_same_text(a->client_id, b->client_id);
}

bool broker_parse(const char *url, broker_key *key) {
  static const char *const schemes[] = {"tcp://", "mqtt://"};
  const char *host = NULL;
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
    if (strncmp(url, schemes[i], strlen(schemes[i])) == 0) host = url + strlen(schemes[i]);
  if (!host) return false;
  const char *end;
  if (*host == '[') { /* an IPv6 address */
    end = strchr(++host, ']');
    if (!end || (end[1] && end[1] != ':')) return false;
  } else {
    end = host + strcspn(host, ":/");
  }
  size_t size = (size_t)(end - host);
  if (size == 0 || size > 253) return false;
  const char *port = *end == ']' ? end + 1 : end;
  long number = 1883;
  if (*port == ':') {
    char *rest;
    if (port[1] < '0' || port[1] > '9') return false;
    number = strtol(port + 1, &rest, 10);
    port = rest;
  }
  if (*port || number < 1 || number > 65535) return false;
  key->port = (int)number;
  key->host = strndup(host, size);
  return key->host != NULL;
}

static void broker_free(mqtt_broker *broker) {
  filter_free_all(broker);
  if (broker->client) mosquitto_destroy(broker->client);
  if (broker->wake_fd >= 0) close(broker->wake_fd);
  pthread_cond_destroy(&broker->idle);
  pthread_mutex_destroy(&broker->lock);
  broker_key_free(&broker->key);
  free(broker);
}

/* A client identifier that no other connection has; 22 characters, as every broker takes. */
static bool make_client_id(mqtt_broker *broker) {
  uint8_t random[6];
  if (getrandom(random, sizeof random, 0) != sizeof random) return false;
  snprintf(broker->client_id, sizeof broker->client_id, "selvedge-%02x%02x%02x%02x%02x%02x",
           random[0], random[1], random[2], random[3], random[4], random[5]);
  return true;
}

static mqtt_broker *broker_new(broker_key *key) {
  mqtt_broker *broker = calloc(1, sizeof *broker);
  if (!broker) return NULL;
  broker->wake_fd = -1;
  broker->work_end = &broker->work;
  broker->queue_end = &broker->queue;
  broker->due_ns = INT64_MAX;
  broker->backoff = BACKOFF_FIRST;
  pthread_mutex_init(&broker->lock, NULL);
  pthread_cond_init(&broker->idle, NULL);
  if (!key->client_id && !make_client_id(broker)) {
    broker_free(broker);
    return NULL;
  }
  bool is_v6 = strchr(key->host, ':') != NULL;
  snprintf(broker->address, sizeof broker->address, is_v6 ? "[%s]:%d" : "%s:%d", key->host,
           key->port);
  broker->key = *key;
  *key = (broker_key){0};
  return broker;
}

mqtt_broker *broker_take(broker_key *key) {
  broker_reap(false);
  pthread_mutex_lock(&list_lock);
  mqtt_broker *broker = in_use;
  while (broker && !is_same_key(&broker->key, key)) broker = broker->next;
  if (!broker) {
    broker = broker_new(key);
    if (broker) {
      broker->next = in_use;
      in_use = broker;
    }
  }
  if (broker) broker->references++;
  pthread_mutex_unlock(&list_lock);
  broker_key_free(key);
  return broker;
}

void broker_release(mqtt_broker *broker) {
  pthread_mutex_lock(&list_lock);
  bool is_last = --broker->references == 0;
  bool has_thread = broker->has_thread;
  if (is_last) {
    mqtt_broker **at = &in_use;
    while (*at != broker) at = &(*at)->next;
    *at = broker->next;
    if (has_thread) {
      broker->next = unused;
      unused = broker;
      pthread_mutex_lock(&broker->lock);
      broker->is_stopping = true;
      pthread_mutex_unlock(&broker->lock);
      broker_wake(broker);
    }
  }
  pthread_mutex_unlock(&list_lock);
  if (is_last && !has_thread) broker_free(broker);
}

void broker_reap(bool wait) {
  pthread_mutex_lock(&list_lock);
  mqtt_broker *ended = NULL;
  for (mqtt_broker **at = &unused; *at;) {
    mqtt_broker *broker = *at;
    if (!wait && !broker->has_ended) {
      at = &broker->next;
      continue;
    }
    *at = broker->next;
    broker->next = ended;
    ended = broker;
  }
  pthread_mutex_unlock(&list_lock);
  while (ended) {
    mqtt_broker *broker = ended;
    ended = broker->next;
    pthread_join(broker->thread, NULL);
    broker_free(broker);
  }
}

static void *run(void *argument) {
  mqtt_broker *broker = argument;
  broker_run(broker);
  pthread_mutex_lock(&list_lock);
  broker->has_ended = true;
  pthread_mutex_unlock(&list_lock);
  return NULL;
}

/* A thread inherits the mask of signals, so they are blocked while it is made. That SIGPIPE is
 * blocked too keeps a broken connection from ending the process. */
static int start_thread(mqtt_broker *broker) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&broker->thread, NULL, run, broker);
  if (!error) pthread_setname_np(broker->thread, "mqtt");
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return error;
}

/* libmosquitto ignores SIGPIPE for the whole process when it makes a client; a driver leaves
 * signals alone, so what was there is put back. */
static struct mosquitto *new_client(mqtt_broker *broker) {
  struct sigaction before;
  sigaction(SIGPIPE, NULL, &before);
  struct mosquitto *client = mosquitto_new("selvedge", true, broker);
  sigaction(SIGPIPE, &before, NULL);
  return client;
}

mapper_status broker_start(mqtt_broker *broker, const mapper_call *call) {
  pthread_mutex_lock(&list_lock);
  if (!broker->client) broker->client = new_client(broker);
  if (broker->wake_fd < 0) broker->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  bool has_all = broker->client && broker->wake_fd >= 0;
  if (has_all && !broker->has_thread) broker->has_thread = start_thread(broker) == 0;
  bool has_thread = broker->has_thread;
  pthread_mutex_unlock(&list_lock);
  if (has_thread) return MAPPER_OK;
  return mapper_failf(mqtt_api, call, MAPPER_NO_MEMORY, "no memory, file or thread for a broker");
}

void broker_wake(mqtt_broker *broker) { eventfd_write(broker->wake_fd, 1); }
