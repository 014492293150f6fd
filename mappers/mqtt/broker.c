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

/* Gives back what is the system's. */
static void broker_close(mqtt_broker *broker) {
  if (broker->client) mosquitto_destroy(broker->client);
  if (broker->wake_fd >= 0) close(broker->wake_fd);
  broker->client = NULL;
  broker->wake_fd = -1;
}

static void broker_free(mqtt_broker *broker) {
  filter_free_all(broker);
  broker_close(broker);
  pthread_cond_destroy(&broker->idle);
  pthread_mutex_destroy(&broker->lock);
  key_free(&broker->key);
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
  broker->changed_end = &broker->changed;
  broker->due_ns = INT64_MAX;
  broker->backoff = BACKOFF_FIRST;
  pthread_mutex_init(&broker->lock, NULL);
  pthread_cond_init(&broker->idle, NULL);
  if (!key->texts[KEY_CLIENT_ID] && !make_client_id(broker)) {
    broker_free(broker);
    return NULL;
  }
  const char *host = key->texts[KEY_HOST];
  bool is_v6 = strchr(host, ':') != NULL;
  snprintf(broker->address, sizeof broker->address, is_v6 ? "[%s]:%d" : "%s:%d", host, key->port);
  broker->key = *key;
  *key = (broker_key){.port = 0};
  return broker;
}

mqtt_broker *broker_take(broker_key *key) {
  broker_reap(false);
  pthread_mutex_lock(&list_lock);
  mqtt_broker *broker = in_use;
  while (broker && !key_is_same(&broker->key, key)) broker = broker->next;
  if (!broker) {
    broker = broker_new(key);
    if (broker) {
      broker->next = in_use;
      in_use = broker;
    }
  }
  if (broker) broker->references++;
  pthread_mutex_unlock(&list_lock);
  key_free(key);
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
  /* Nobody has it any more; its memory goes with the next reaping. */
  broker_close(broker);
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
