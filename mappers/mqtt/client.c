/* SPDX-License-Identifier: Apache-2.0
 *
 * The client of libmosquitto: how it is prepared, and what it calls.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdlib.h>

#include "mqtt.h"

/* How long what is queued may take to go out at the end. */
#define FLUSH_LIMIT (2000 * MS)

/* ---- the last will ------------------------------------------------------------------------ */

static int set_will(mqtt_broker *broker) {
  const char *topic = broker->key.texts[KEY_WILL_TOPIC];
  const char *text = broker->key.texts[KEY_WILL_PAYLOAD];
  if (!topic) return MOSQ_ERR_SUCCESS;
  return mosquitto_will_set(broker->client, topic, (int)strlen(text), text, 1, true);
}

/* Tells others that the agent is there, in the place of its last will. */
static void say_hello(mqtt_broker *broker) {
  const char *topic = broker->key.texts[KEY_WILL_TOPIC];
  const char *text = broker->key.texts[KEY_BIRTH_PAYLOAD];
  if (topic) mosquitto_publish(broker->client, NULL, topic, (int)strlen(text), text, 1, true);
}

/* Writes what is queued, but not for ever. */
static void flush(struct mosquitto *client) {
  int64_t end = mqtt_now_ns() + FLUSH_LIMIT;
  while (mosquitto_want_write(client) && mqtt_now_ns() < end) {
    if (mosquitto_loop_write(client, 1) != MOSQ_ERR_SUCCESS) return;
    struct pollfd file = {.fd = mosquitto_socket(client), .events = POLLOUT};
    if (file.fd < 0 || (mosquitto_want_write(client) && poll(&file, 1, 50) < 0)) return;
  }
}

void client_leave(mqtt_broker *broker, bool is_connected) {
  const char *topic = broker->key.texts[KEY_WILL_TOPIC];
  const char *text = broker->key.texts[KEY_WILL_PAYLOAD];
  if (is_connected) {
    /* A connection that ends well leaves no last will, so it is said. */
    if (topic) mosquitto_publish(broker->client, NULL, topic, (int)strlen(text), text, 0, true);
    mosquitto_disconnect(broker->client);
    flush(broker->client);
  }
  client_reset(broker);
}

/* ---- what libmosquitto tells -------------------------------------------------------------- */

/* A new connection, on which nothing is subscribed yet. */
static void begin_again(mqtt_broker *broker) {
  filter_forget(broker);
  for (mapper_device *device = broker->devices; device; device = device->next) {
    availability_forget(device);
    if (device->unsettled > 0) continue; /* it goes on when its topics are answered for */
    device_notify(device);
    device_update_link(device);
  }
}

static void on_connect(struct mosquitto *client, void *context, int code) {
  (void)client;
  mqtt_broker *broker = context;
  if (code != 0) {
    broker->refusal = code;
    return;
  }
  broker->connected_ns = mqtt_now_ns();
  pthread_mutex_lock(&broker->lock);
  broker->state = BROKER_UP;
  broker->connection++;
  begin_again(broker);
  pthread_mutex_unlock(&broker->lock);
  say_hello(broker);
  mapper_logf(mqtt_api, mqtt_host, MAPPER_LOG_INFO, "connected to broker %s", broker->address);
}

static void on_subscribe(struct mosquitto *client, void *context, int mid, int count,
                         const int *granted) {
  (void)client;
  mqtt_broker *broker = context;
  pthread_mutex_lock(&broker->lock);
  filter_answered(broker, mid, count, granted);
  pthread_mutex_unlock(&broker->lock);
}

static void on_publish(struct mosquitto *client, void *context, int mid) {
  (void)client;
  mqtt_broker *broker = context;
  pthread_mutex_lock(&broker->lock);
  publish_acknowledged(broker, mid);
  pthread_mutex_unlock(&broker->lock);
}

static void on_message(struct mosquitto *client, void *context,
                       const struct mosquitto_message *message) {
  (void)client;
  message_arrived(context, message);
}

static void on_log(struct mosquitto *client, void *context, int level, const char *text) {
  (void)client;
  if (level == MOSQ_LOG_ERR) tls_logged(context, text);
}

/* ---- preparing ---------------------------------------------------------------------------- */

static const char *client_id(const mqtt_broker *broker) {
  const char *given = broker->key.texts[KEY_CLIENT_ID];
  return given ? given : broker->client_id;
}

int client_reset(mqtt_broker *broker) {
  return mosquitto_reinitialise(broker->client, client_id(broker), true, broker);
}

/* The user's name and password, out of files as they are now. False with broker->reason. */
static bool set_credentials(mqtt_broker *broker) {
  char *username = NULL, *password = NULL;
  const broker_key *key = &broker->key;
  bool is_good = key_secret(key, KEY_USERNAME, KEY_USERNAME_FILE, &username, broker->reason) &&
                 key_secret(key, KEY_PASSWORD, KEY_PASSWORD_FILE, &password, broker->reason);
  if (is_good && username)
    is_good = mosquitto_username_pw_set(broker->client, username, password) == MOSQ_ERR_SUCCESS;
  if (!is_good && !broker->reason[0])
    snprintf(broker->reason, sizeof broker->reason, "user name or password: expected UTF-8 text");
  if (password) explicit_bzero(password, strlen(password));
  free(password);
  free(username);
  return is_good;
}

int client_prepare(mqtt_broker *broker) {
  int error = client_reset(broker);
  if (error) return error;
  struct mosquitto *client = broker->client;
  mosquitto_threaded_set(client, true); /* queue, and let the loop write */
  mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
  mosquitto_connect_callback_set(client, on_connect);
  mosquitto_subscribe_callback_set(client, on_subscribe);
  mosquitto_publish_callback_set(client, on_publish);
  mosquitto_message_callback_set(client, on_message);
  mosquitto_log_callback_set(client, on_log);
  if (set_credentials(broker) && tls_prepare(broker)) return set_will(broker);
  broker->reason_status = MAPPER_INVALID;
  return MOSQ_ERR_INVAL;
}
