// SPDX-License-Identifier: Apache-2.0
// How old values are when an MQTT subscriber has them. Subscribes the telemetry of all devices, in
// the full or the compact form, and measures
//  - the age of each message by its `timestamp`, the arrival of the values at the edge;
//  - with --clock, the age of the values themselves: the named property, or with `all` every one,
//  must
//    hold the Unix time in milliseconds modulo --modulus at which the device gave it (`modbus-sim`
//    has such registers: pattern clock). A value that is the same as in the batch before is stale;
//  - holes in each device's `seq`.
#define _GNU_SOURCE
#include <math.h>
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"

static const char *host = "127.0.0.1";
static const char *topic = "$ke/events/device/+/+/data/update";
static const char *clock_property = "";
static double port = 1883, seconds = 10, warmup = 1, modulus = 1048576;

enum { MAX_DEVICES = 16384, MAX_VALUES = 65536 };

/// What was last seen of a device; a slot of a hash table.
struct device {
  char *topic;
  long long epoch, sequence;
  double *clocks; // of the last batch
  size_t clock_count;
};

static struct device devices[MAX_DEVICES];
static unsigned long device_count, messages, bytes, malformed, holes, stale, without_clock;
static struct samples message_ages, value_ages;
static bool measuring;

static struct device *device_of(const char *name) {
  size_t hash = 5381;
  for (const char *next = name; *next; next++) hash = hash * 33 + (unsigned char)*next;
  for (size_t i = 0; i < MAX_DEVICES; i++) {
    struct device *device = &devices[(hash + i) % MAX_DEVICES];
    if (!device->topic) {
      if (!(device->topic = strdup(name))) fail("out of memory");
      device_count++;
      return device;
    }
    if (strcmp(device->topic, name) == 0) return device;
  }
  fail("more than %d devices", MAX_DEVICES);
}

/// Reads the number that follows the first `key`.
static bool number_after(const char *text, const char *key, long long *number) {
  const char *place = strstr(text, key);
  return place && sscanf(place + strlen(key), "%lld", number) == 1;
}

static bool wants_all(void) { return strcmp(clock_property, "all") == 0; }

/// Reads the clock properties of a message in the full form; returns how many.
static size_t read_full(const char *text, double *values) {
  static const char mark[] = "{\"value\":\"";
  if (!wants_all()) {
    char key[256];
    snprintf(key, sizeof key, "\"%s\":%s", clock_property, mark);
    const char *place = strstr(text, key);
    return place && sscanf(place + strlen(key), "%lf", values) == 1;
  }
  size_t count = 0;
  while (count < MAX_VALUES && (text = strstr(text, mark))) {
    text += sizeof mark - 1;
    values[count++] = strtod(text, NULL);
  }
  return count;
}

/// The same for the compact form.
static size_t read_compact(const char *text, double *values) {
  const char *names = strstr(text, "\"properties\":["), *list = strstr(text, "\"values\":[");
  if (!names || !list) return 0;
  list += strlen("\"values\":[");
  size_t first = 0, last = MAX_VALUES;
  if (!wants_all()) {
    char key[256];
    snprintf(key, sizeof key, "\"%s\"", clock_property);
    const char *name = strstr(names, key);
    if (!name || name > list) return 0;
    for (const char *next = names; next < name; next++) first += *next == ',';
    last = first + 1;
  }
  size_t count = 0;
  for (size_t index = 0; index < last; index++) {
    char *end;
    double value = strtod(list, &end);
    if (index >= first && end != list) values[count++] = value;
    list = strpbrk(end, ",]");
    if (!list || *list == ']') break;
    list++;
  }
  return count;
}

static void note_clocks(struct device *device, const char *text, int64_t now) {
  static double values[MAX_VALUES];
  size_t count = read_full(text, values);
  if (!count) count = read_compact(text, values);
  if (!count) {
    without_clock++;
    return;
  }
  if (count != device->clock_count) {
    device->clocks = realloc(device->clocks, count * sizeof *device->clocks);
    if (!device->clocks) fail("out of memory");
    for (size_t i = 0; i < count; i++) device->clocks[i] = -1;
    device->clock_count = count;
  }
  double time = fmod((double)now / 1e6, modulus);
  for (size_t i = 0; i < count; i++) {
    // The clock may have gone round between the two.
    double age = time - values[i];
    samples_add(&value_ages, age < -modulus / 2 ? age + modulus : age);
    stale += values[i] == device->clocks[i];
    device->clocks[i] = values[i];
  }
}

static void on_message(struct mosquitto *client, void *context,
                       const struct mosquitto_message *message) {
  (void)client, (void)context;
  int64_t now = wall_ns();
  long long epoch, sequence, timestamp;
  // libmosquitto ends the payload with a NUL.
  const char *text = message->payload;
  if (!text || !number_after(text, "\"epoch\":", &epoch) ||
      !number_after(text, "\"seq\":", &sequence) ||
      !number_after(text, "\"timestamp\":", &timestamp)) {
    malformed++;
    return;
  }
  struct device *device = device_of(message->topic);
  if (measuring) {
    messages++;
    bytes += (unsigned long)message->payloadlen;
    samples_add(&message_ages, (double)now / 1e6 - (double)timestamp);
    if (device->epoch == epoch && sequence > device->sequence)
      holes += (unsigned long)(sequence - device->sequence - 1);
    if (*clock_property) note_clocks(device, text, now);
  }
  device->epoch = epoch;
  device->sequence = sequence;
}

static void on_connect(struct mosquitto *client, void *context, int code) {
  (void)context;
  if (code) fail("the broker refused the connection: %s", mosquitto_connack_string(code));
  mosquitto_subscribe(client, NULL, topic, 1);
}

static void run_for(struct mosquitto *client, double time) {
  int64_t end = monotonic_ns() + (int64_t)(time * 1e9);
  while (monotonic_ns() < end && !stop_requested) {
    int status = mosquitto_loop(client, 50, 1);
    if (status) fail("the connection broke: %s", mosquitto_strerror(status));
  }
}

int main(int argc, char **argv) {
  const struct option_spec specs[] = {
      {"host", "address of the broker", &host, NULL},
      {"port", "port of the broker", NULL, &port},
      {"topic", "topics of the telemetry", &topic, NULL},
      {"clock", "property that holds the device's time, or all", &clock_property, NULL},
      {"modulus", "milliseconds after which that time begins anew", NULL, &modulus},
      {"seconds", "time measured", NULL, &seconds},
      {"warmup", "seconds before that", NULL, &warmup},
  };
  read_options(argc, argv, "measures how old telemetry is at a subscriber", specs,
               sizeof specs / sizeof *specs);
  catch_stop();
  mosquitto_lib_init();
  struct mosquitto *client = mosquitto_new(NULL, true, NULL);
  if (!client) fail("out of memory");
  mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
  mosquitto_connect_callback_set(client, on_connect);
  mosquitto_message_callback_set(client, on_message);
  int status = mosquitto_connect(client, host, (int)port, 30);
  if (status) fail("no broker at %s:%d: %s", host, (int)port, mosquitto_strerror(status));
  run_for(client, warmup);
  measuring = true;
  int64_t start = monotonic_ns();
  run_for(client, seconds);
  double elapsed = (double)(monotonic_ns() - start) / 1e9;
  mosquitto_disconnect(client);
  mosquitto_destroy(client);
  mosquitto_lib_cleanup();

  printf("{\"tool\":\"age\",\"seconds\":%.2f,\"devices\":%lu,\"messages\":%lu,"
         "\"messages_per_second\":%.1f,\"bytes_per_message\":%.0f,\"holes\":%lu,\"malformed\":%lu,"
         "\"age_p50_ms\":%.2f,\"age_p99_ms\":%.2f",
         elapsed, device_count, messages, (double)messages / elapsed,
         messages ? (double)bytes / (double)messages : 0, holes, malformed,
         samples_quantile(&message_ages, 0.5), samples_quantile(&message_ages, 0.99));
  if (*clock_property)
    printf(",\"values\":%zu,\"value_age_p50_ms\":%.2f,\"value_age_p99_ms\":%.2f,\"stale\":%lu,"
           "\"without_clock\":%lu",
           value_ages.count, samples_quantile(&value_ages, 0.5),
           samples_quantile(&value_ages, 0.99), stale, without_clock);
  printf("}\n");
  samples_free(&message_ages);
  samples_free(&value_ages);
  for (size_t i = 0; i < MAX_DEVICES; i++) {
    free(devices[i].topic);
    free(devices[i].clocks);
  }
  return messages && !malformed ? 0 : 1;
}
