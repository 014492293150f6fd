// SPDX-License-Identifier: Apache-2.0
// The limit of what an answering agent can reach through a broker: a responder without any logic or
// disk. It publishes the messages that a twin service answers with, at their usual size.
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"

static const char *host = "127.0.0.1";
static double port = 1883;
static double properties = 2;

/// The body of a twin as it stands in answers; `get_tail` holds as many as `--properties` says.
#define TWIN                                                                                       \
  "{\"actual\":{\"value\":\"21.5\",\"metadata\":{\"timestamp\":1795515641047}},"                   \
  "\"optional\":true,\"metadata\":{\"type\":\"string\"}}"

static const char result_tail[] = ",\"timestamp\":1795515641047,\"twin\":{\"p0\":" TWIN "}}";
static const char document_tail[] =
    ",\"timestamp\":1795515641047,\"twin\":{\"p0\":{\"last\":" TWIN ",\"current\":" TWIN "}}}";
static char *get_tail;

/// Copies `{"event_id":"…"` of the request, which stands first in it, and sends it with `tail`.
static void answer(struct mosquitto *client, const struct mosquitto_message *request,
                   const char *suffix, const char *tail) {
  static char topic[1024], body[1 << 20];
  const char *text = request->payload;
  size_t id = 0;
  for (int quotes = 0; id < (size_t)request->payloadlen && quotes < 4; id++)
    quotes += text[id] == '"';
  size_t size = strlen(tail);
  if (id + size > sizeof body) return;
  memcpy(body, text, id);
  memcpy(body + id, tail, size);
  snprintf(topic, sizeof topic, "%s%s", request->topic, suffix);
  mosquitto_publish(client, NULL, topic, (int)(id + size), body, 1, false);
}

static void on_message(struct mosquitto *client, void *context,
                       const struct mosquitto_message *request) {
  (void)context;
  size_t length = strlen(request->topic);
  if (length > 12 && strcmp(request->topic + length - 12, "/twin/update") == 0) {
    answer(client, request, "/result", result_tail);
    answer(client, request, "/document", document_tail);
  } else if (length > 9 && strcmp(request->topic + length - 9, "/twin/get") == 0) {
    answer(client, request, "/result", get_tail);
  }
}

static void on_connect(struct mosquitto *client, void *context, int code) {
  (void)context;
  if (code) fail("the broker refused the connection: %s", mosquitto_connack_string(code));
  mosquitto_subscribe(client, NULL, "$hw/events/device/+/+/twin/+", 1);
}

int main(int argc, char **argv) {
  const struct option_spec specs[] = {
      {"host", "address of the broker", &host, NULL},
      {"port", "port of the broker", NULL, &port},
      {"properties", "properties in the answer to twin/get", NULL, &properties},
  };
  read_options(argc, argv, "answers twin requests with fixed messages until SIGTERM", specs,
               sizeof specs / sizeof *specs);
  catch_stop();

  get_tail = calloc(1, 64 + (size_t)properties * (sizeof TWIN + 16));
  if (!get_tail) fail("out of memory");
  char *end = get_tail + sprintf(get_tail, ",\"timestamp\":1795515641047,\"twin\":{");
  for (int i = 0; i < (int)properties; i++) end += sprintf(end, "%s\"p%d\":" TWIN, i ? "," : "", i);
  strcpy(end, "}}");

  mosquitto_lib_init();
  struct mosquitto *client = mosquitto_new(NULL, true, NULL);
  if (!client) fail("out of memory");
  mosquitto_max_inflight_messages_set(client, 0);
  mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
  mosquitto_connect_callback_set(client, on_connect);
  mosquitto_message_callback_set(client, on_message);
  int status = mosquitto_connect(client, host, (int)port, 30);
  if (status) fail("no broker at %s:%d: %s", host, (int)port, mosquitto_strerror(status));
  while (!stop_requested && !status) status = mosquitto_loop(client, 200, 1);
  mosquitto_disconnect(client);
  mosquitto_destroy(client);
  mosquitto_lib_cleanup();
  free(get_tail);
  printf("{\"tool\":\"mqtt-echo\",\"cpu_seconds\":%.3f}\n", (double)own_cpu_ns() / 1e9);
  return status && !stop_requested ? 1 : 0;
}
