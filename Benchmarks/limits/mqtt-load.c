// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
// A load of twin requests over MQTT, QoS 1: a fixed number in flight, each followed by its event
// id.
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"

static const char *host = "127.0.0.1";
static const char *mode = "update";
static const char *prefix = "default/bench-";
static const char *property = "p0";
static double port = 1883, devices = 100, in_flight = 64, seconds = 10, warmup = 1, pid = 0;

/// Which answers of a request have come.
enum { RESULT = 1, DOCUMENT = 2 };

/// One request in flight.
struct slot {
  unsigned long sequence;
  int64_t sent;
  int waiting;
};

static struct slot *slots;
static size_t slot_count;
static bool is_update, subscribed, measuring, draining;
static unsigned long next_sequence, completed, errors, lost, strays;
static struct samples latencies;

static void send_request(struct mosquitto *client, size_t index) {
  struct slot *slot = &slots[index];
  slot->sequence = ++next_sequence;
  slot->waiting = is_update ? RESULT | DOCUMENT : RESULT;
  char topic[512], body[512];
  snprintf(topic, sizeof topic, "$hw/events/device/%s%lu/twin/%s", prefix,
           slot->sequence % (unsigned long)devices, is_update ? "update" : "get");
  int length;
  if (is_update)
    length = snprintf(body, sizeof body,
                      "{\"event_id\":\"%zu-%lu\",\"timestamp\":1700000000000,"
                      "\"twin\":{\"%s\":{\"actual\":{\"value\":\"%lu\"}}}}",
                      index, slot->sequence, property, slot->sequence % 100000);
  else
    length = snprintf(body, sizeof body, "{\"event_id\":\"%zu-%lu\",\"timestamp\":1700000000000}",
                      index, slot->sequence);
  slot->sent = monotonic_ns();
  if (mosquitto_publish(client, NULL, topic, length, body, 1, false)) errors++;
}

/// Finds the request that an answer belongs to.
static struct slot *slot_of(const char *text, size_t length, size_t *index) {
  static const char key[] = "\"event_id\":\"";
  const char *id = memmem(text, length, key, sizeof key - 1);
  if (!id) return NULL;
  // The payload is followed by a NUL that libmosquitto adds.
  unsigned long sequence;
  if (sscanf(id + sizeof key - 1, "%zu-%lu\"", index, &sequence) != 2) return NULL;
  if (*index >= slot_count || slots[*index].sequence != sequence) return NULL;
  return &slots[*index];
}

static void on_message(struct mosquitto *client, void *context,
                       const struct mosquitto_message *answer) {
  (void)context;
  size_t index, length = (size_t)answer->payloadlen;
  struct slot *slot = length ? slot_of(answer->payload, length, &index) : NULL;
  size_t topic_length = strlen(answer->topic);
  int part = topic_length > 7 && strcmp(answer->topic + topic_length - 7, "/result") == 0
                 ? RESULT
                 : DOCUMENT;
  if (!slot || !(slot->waiting & part)) {
    strays++;
    return;
  }
  if (part == RESULT && memmem(answer->payload, length, "\"code\":", 7)) {
    errors++;
    slot->waiting = 0;
  } else {
    slot->waiting &= ~part;
    if (slot->waiting) return;
    if (measuring) {
      completed++;
      samples_add(&latencies, (double)(monotonic_ns() - slot->sent) / 1e3);
    }
  }
  if (!draining) send_request(client, index);
}

static void on_connect(struct mosquitto *client, void *context, int code) {
  (void)context;
  if (code) fail("the broker refused the connection: %s", mosquitto_connack_string(code));
  char *update[] = {"$hw/events/device/+/+/twin/update/result",
                    "$hw/events/device/+/+/twin/update/document"};
  char *get[] = {"$hw/events/device/+/+/twin/get/result"};
  mosquitto_subscribe_multiple(client, NULL, is_update ? 2 : 1, is_update ? update : get, 1, 0,
                               NULL);
}

static void on_subscribe(struct mosquitto *client, void *context, int id, int count,
                         const int *granted) {
  (void)client, (void)context, (void)id, (void)count, (void)granted;
  subscribed = true;
}

static void run_until(struct mosquitto *client, int64_t end) {
  while (monotonic_ns() < end && !stop_requested) {
    int status = mosquitto_loop(client, 100, 1);
    if (status) fail("the connection broke: %s", mosquitto_strerror(status));
    // A request without an answer would otherwise shrink the load for the rest of the run.
    for (size_t i = 0; i < slot_count; i++)
      if (slots[i].waiting && !draining && monotonic_ns() - slots[i].sent > 5000000000) {
        lost++;
        send_request(client, i);
      }
  }
}

int main(int argc, char **argv) {
  const struct option_spec specs[] = {
      {"host", "address of the broker", &host, NULL},
      {"port", "port of the broker", NULL, &port},
      {"mode", "update or get", &mode, NULL},
      {"prefix", "namespace/name of the devices, a number from 0 follows", &prefix, NULL},
      {"property", "the property that is updated", &property, NULL},
      {"devices", "number of devices", NULL, &devices},
      {"in-flight", "requests under way at a time", NULL, &in_flight},
      {"seconds", "time measured", NULL, &seconds},
      {"warmup", "seconds before that", NULL, &warmup},
      {"pid", "process whose CPU time (with its children's) is measured", NULL, &pid},
  };
  read_options(argc, argv, "sends twin requests and waits for their answers", specs,
               sizeof specs / sizeof *specs);
  is_update = strcmp(mode, "update") == 0;
  if (!is_update && strcmp(mode, "get") != 0) fail("--mode %s: expected update or get", mode);
  if (devices < 1 || in_flight < 1) fail("--devices and --in-flight: expected 1 or above");
  catch_stop();
  slot_count = (size_t)in_flight;
  slots = calloc(slot_count, sizeof *slots);
  if (!slots) fail("out of memory");

  mosquitto_lib_init();
  struct mosquitto *client = mosquitto_new(NULL, true, NULL);
  if (!client) fail("out of memory");
  mosquitto_max_inflight_messages_set(client, 0);
  mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
  mosquitto_connect_callback_set(client, on_connect);
  mosquitto_subscribe_callback_set(client, on_subscribe);
  mosquitto_message_callback_set(client, on_message);
  int status = mosquitto_connect(client, host, (int)port, 30);
  if (status) fail("no broker at %s:%d: %s", host, (int)port, mosquitto_strerror(status));
  int64_t limit = monotonic_ns() + 5000000000;
  while (!subscribed && monotonic_ns() < limit) mosquitto_loop(client, 100, 1);
  if (!subscribed) fail("the broker did not confirm the subscription within 5 s");

  for (size_t i = 0; i < slot_count; i++) send_request(client, i);
  run_until(client, monotonic_ns() + (int64_t)(warmup * 1e9));
  int64_t start = monotonic_ns(), own = own_cpu_ns();
  int64_t other = pid > 0 ? tree_cpu_ns((pid_t)pid) : 0;
  if (other < 0) fail("--pid %.0f: no such process", pid);
  errors = lost = strays = 0;
  measuring = true;
  run_until(client, start + (int64_t)(seconds * 1e9));
  measuring = false;
  double elapsed = (double)(monotonic_ns() - start) / 1e9;
  own = own_cpu_ns() - own;
  if (pid > 0) other = tree_cpu_ns((pid_t)pid) - other;
  draining = true;
  run_until(client, monotonic_ns() + 200000000);
  mosquitto_disconnect(client);
  mosquitto_destroy(client);
  mosquitto_lib_cleanup();

  double count = completed ? (double)completed : 1;
  printf("{\"tool\":\"mqtt-load\",\"mode\":\"%s\",\"devices\":%.0f,\"in_flight\":%zu,"
         "\"seconds\":%.2f,\"completed\":%lu,\"rate\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,"
         "\"errors\":%lu,\"lost\":%lu,\"strays\":%lu,\"load_cpu_us\":%.2f",
         mode, devices, slot_count, elapsed, completed, (double)completed / elapsed,
         samples_quantile(&latencies, 0.5), samples_quantile(&latencies, 0.99), errors, lost,
         strays, (double)own / 1e3 / count);
  if (pid > 0) printf(",\"cpu_us\":%.2f", (double)other / 1e3 / count);
  printf("}\n");
  samples_free(&latencies);
  free(slots);
  return completed && !errors && !lost ? 0 : 1;
}
