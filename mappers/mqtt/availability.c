/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a device is there, as topics tell it: its own last will (Tasmota's LWT), or what a bridge
 * says of it (zigbee2mqtt's availability). It makes the link of the device go down and up.
 */
#define _GNU_SOURCE
#include <stdlib.h>

#include "mqtt.h"

#define TOPICS_MAX 8

typedef enum presence { PRESENCE_UNKNOWN, PRESENCE_HERE, PRESENCE_AWAY } presence;
typedef enum verdict_mode { MODE_ALL, MODE_ANY, MODE_LATEST } verdict_mode;

typedef struct availability_topic {
  mqtt_watch watch; /* the first member: a watch is turned back into this */
  presence presence;
  bool is_retained; /* it was told by a retained message: it will be told again */
  bool was_odd;     /* a payload was neither; said once */
} availability_topic;

struct mqtt_availability {
  verdict_mode mode;
  char *here, *away, *path_text;
  json_path path;
  uint32_t count;
  availability_topic topics[TOPICS_MAX];
  availability_topic *latest;
  char text[TEXT_MAX];
};

/* ---- settings ----------------------------------------------------------------------------- */

void availability_free(mapper_device *device) {
  mqtt_availability *self = device->availability;
  if (!self) return;
  for (uint32_t i = 0; i < self->count; i++) free(self->topics[i].watch.topic);
  free(self->here);
  free(self->away);
  free(self->path_text);
  free(self);
  device->availability = NULL;
}

static void take(mqtt_watch *watch, const mqtt_arrival *arrival);

static mapper_status add_topic(mapper_device *device, const char *text, const mapper_call *call) {
  mqtt_availability *self = device->availability;
  if (self->count == TOPICS_MAX)
    return mapper_failf(mqtt_api, call, MAPPER_INVALID,
                        "setting availabilityTopic: expected up to %d topics", TOPICS_MAX);
  if (device_lacks_name(device, text))
    return mapper_failf(mqtt_api, call, MAPPER_INVALID,
                        "setting availabilityTopic: '%.150s': expected setting name for {name}",
                        text);
  char *topic = device_topic(device, text);
  if (!topic) return MAPPER_NO_MEMORY;
  availability_topic *added = &self->topics[self->count++];
  added->watch = (mqtt_watch){.device = device, .topic = topic, .qos = device->qos, .take = take};
  if (is_filter(topic)) return MAPPER_OK;
  return mapper_failf(mqtt_api, call, MAPPER_INVALID,
                      "setting availabilityTopic: '%.150s': expected " FILTER_EXPECTED, topic);
}

/* A JSON array of texts. */
static mapper_status add_topics(mapper_device *device, const mapper_value *list,
                                const mapper_call *call) {
  for (uint32_t i = 0;; i++) {
    json_path path = {.count = 1, .steps = {{.index = i}}};
    json_view view;
    json_result found = json_find(list->data, list->count, &path, &view);
    if (found == JSON_ABSENT && i > 0) return MAPPER_OK;
    if (found != JSON_FOUND || view.kind != JSON_STRING)
      return mapper_failf(mqtt_api, call, MAPPER_INVALID,
                          "setting availabilityTopic: '%.*s': expected a topic or a list of topics",
                          (int)(list->count < 150 ? list->count : 150), (const char *)list->data);
    char *text = malloc(view.size + 1);
    if (!text) return MAPPER_NO_MEMORY;
    text[json_unescape(&view, text)] = 0;
    mapper_status status = add_topic(device, text, call);
    free(text);
    if (status != MAPPER_OK) return status;
  }
}

static mapper_status take_words(mqtt_availability *self, const mapper_settings *settings,
                                const mapper_call *call) {
  static const char *const modes[] = {"all", "any", "latest"};
  const char *mode = mapper_find_text(settings, "availabilityMode", "all");
  const char *path = mapper_find_text(settings, "availabilityPath", NULL);
  int found = 0;
  while (found < 3 && strcmp(mode, modes[found]) != 0) found++;
  if (found == 3)
    return mapper_failf(mqtt_api, call, MAPPER_INVALID,
                        "setting availabilityMode: '%.20s': expected all, any or latest", mode);
  self->mode = (verdict_mode)found;
  self->here = strdup(mapper_find_text(settings, "payloadAvailable", "online"));
  self->away = strdup(mapper_find_text(settings, "payloadNotAvailable", "offline"));
  self->path_text = path ? strdup(path) : NULL;
  if (!self->here || !self->away || (path && !self->path_text)) return MAPPER_NO_MEMORY;
  if (path && !json_path_parse(self->path_text, &self->path))
    return mapper_failf(mqtt_api, call, MAPPER_INVALID,
                        "setting availabilityPath: '%.150s': expected " JSON_PATH_EXPECTED, path);
  return MAPPER_OK;
}

mapper_status availability_take(mapper_device *device, const mapper_settings *settings,
                                const mapper_call *call) {
  const mapper_value *topics = mapper_find(settings, "availabilityTopic");
  if (!topics) return MAPPER_OK;
  mqtt_availability *self = device->availability = calloc(1, sizeof *self);
  if (!self) return MAPPER_NO_MEMORY;
  mapper_status status = take_words(self, settings, call);
  if (status != MAPPER_OK) return status;
  if (topics->type == MAPPER_TYPE_TEXT) return add_topic(device, topics->data, call);
  return add_topics(device, topics, call);
}

/* ---- what it comes to --------------------------------------------------------------------- */

static const availability_topic *first_away(const mqtt_availability *self) {
  const availability_topic *away = NULL;
  for (uint32_t i = self->count; i-- > 0;)
    if (self->topics[i].presence == PRESENCE_AWAY) away = &self->topics[i];
  return away;
}

static bool has_here(const mqtt_availability *self) {
  for (uint32_t i = 0; i < self->count; i++)
    if (self->topics[i].presence == PRESENCE_HERE) return true;
  return false;
}

bool availability_is_away(const mapper_device *device) {
  const mqtt_availability *self = device->availability;
  if (!self) return false;
  if (self->mode == MODE_LATEST) return self->latest && self->latest->presence == PRESENCE_AWAY;
  if (self->mode == MODE_ANY && has_here(self)) return false;
  return first_away(self) != NULL;
}

const char *availability_text(const mapper_device *device) {
  mqtt_availability *self = device->availability;
  const availability_topic *away = self->mode == MODE_LATEST ? self->latest : first_away(self);
  if (!away) return "";
  snprintf(self->text, sizeof self->text, "%.150s says '%.60s'", away->watch.topic, self->away);
  return self->text;
}

/* ---- messages ----------------------------------------------------------------------------- */

static bool is_word(const char *word, const char *text, size_t size) {
  return strlen(word) == size && memcmp(word, text, size) == 0;
}

/* The word of a payload: at the path, or the whole of it, also where it is no JSON, since bridges
 * let their users choose. */
static presence presence_of(const mqtt_availability *self, const char *payload, size_t size) {
  json_view view = {.kind = JSON_NULL, .start = payload, .size = size};
  if (self->path_text && json_find(payload, size, &self->path, &view) != JSON_FOUND)
    view = (json_view){.kind = JSON_NULL, .start = payload, .size = size};
  if (is_word(self->here, view.start, view.size)) return PRESENCE_HERE;
  if (is_word(self->away, view.start, view.size)) return PRESENCE_AWAY;
  return PRESENCE_UNKNOWN;
}

static void warn(availability_topic *topic, const struct mosquitto_message *message) {
  const mqtt_availability *self = topic->watch.device->availability;
  char payload[EXCERPT_MAX + 4];
  if (topic->was_odd) return;
  topic->was_odd = true;
  message_excerpt(message, payload);
  mapper_logf(mqtt_api, mqtt_host, MAPPER_LOG_WARNING,
              "%.150s: '%s': expected '%.60s' or '%.60s' (payloadAvailable, payloadNotAvailable)",
              message->topic, payload, self->here, self->away);
}

/* An empty message deletes what the broker had retained: the word is taken back, and nobody will
 * say it again. It stands as if it had never been said. */
static void withdraw(availability_topic *topic) {
  mqtt_availability *self = topic->watch.device->availability;
  topic->presence = PRESENCE_UNKNOWN;
  topic->is_retained = false;
  if (self->latest == topic) self->latest = NULL;
  device_update_link(topic->watch.device);
}

static void take(mqtt_watch *watch, const mqtt_arrival *arrival) {
  availability_topic *topic = (availability_topic *)watch;
  mqtt_availability *self = watch->device->availability;
  const struct mosquitto_message *message = arrival->message;
  const char *payload = message->payload ? message->payload : "";
  presence presence = presence_of(self, payload, (size_t)message->payloadlen);
  if (presence == PRESENCE_UNKNOWN) {
    if (message->payloadlen)
      warn(topic, message);
    else
      withdraw(topic);
    return;
  }
  topic->presence = presence;
  topic->is_retained = topic->is_retained || message->retain;
  self->latest = topic;
  device_update_link(watch->device);
}

/* ---- open and close ----------------------------------------------------------------------- */

bool availability_join(mapper_device *device) {
  mqtt_availability *self = device->availability;
  for (uint32_t i = 0; self && i < self->count; i++) {
    self->topics[i].presence = PRESENCE_UNKNOWN;
    self->topics[i].is_retained = false;
    if (!filter_join(device->broker, &self->topics[i].watch)) return false;
  }
  if (self) self->latest = NULL;
  return true;
}

void availability_leave(mapper_device *device) {
  mqtt_availability *self = device->availability;
  for (uint32_t i = 0; self && i < self->count; i++)
    filter_leave(device->broker, &self->topics[i].watch);
}

void availability_forget(mapper_device *device) {
  mqtt_availability *self = device->availability;
  for (uint32_t i = 0; self && i < self->count; i++)
    if (!self->topics[i].is_retained) self->topics[i].presence = PRESENCE_UNKNOWN;
}
