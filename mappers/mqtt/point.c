/* SPDX-License-Identifier: Apache-2.0
 *
 * Points: their settings, checked and made ready.
 */
#define _GNU_SOURCE
#include <stdlib.h>

#include "mqtt.h"

/* A copy of the setting, or null when it is absent. */
static bool copy_text(const mapper_settings *settings, const char *key, char **copy) {
  const char *text = mapper_find_text(settings, key, NULL);
  *copy = text ? strdup(text) : NULL;
  return !text || *copy;
}

/* The same for a topic: with the device's prefix, unless it begins with / or $. */
static bool copy_topic(const mapper_device *device, const mapper_settings *settings,
                       const char *key, char **copy) {
  const char *topic = mapper_find_text(settings, key, NULL);
  const char *prefix = device->topic_prefix;
  if (!topic || !prefix || *topic == '/' || *topic == '$') return copy_text(settings, key, copy);
  const char *slash = *prefix && prefix[strlen(prefix) - 1] == '/' ? "" : "/";
  return asprintf(copy, "%s%s%s", prefix, slash, topic) >= 0;
}

static bool copy_texts(mqtt_point *point, const mapper_point *from) {
  const mapper_settings *settings = &from->settings;
  point->name = strdup(from->name);
  return point->name && copy_topic(point->device, settings, "topic", &point->topic) &&
         copy_topic(point->device, settings, "setTopic", &point->set_topic) &&
         copy_text(settings, "path", &point->path) &&
         copy_text(settings, "setTemplate", &point->set_template) &&
         copy_text(settings, "payloadOn", &point->on) &&
         copy_text(settings, "payloadOff", &point->off);
}

static bool is_topic(const char *topic, int (*check)(const char *)) {
  size_t size = strlen(topic);
  return size > 0 && size <= 65535 && mosquitto_validate_utf8(topic, (int)size) == 0 &&
         check(topic) == 0;
}

static mapper_status check_topics(const mqtt_point *point, const mapper_call *call) {
  if (!point->topic && !point->set_topic)
    return mapper_fail_itemf(mqtt_api, call, point->id, MAPPER_INVALID,
                             "%s: expected setting topic, setTopic or both", point->name);
  if (point->topic && !is_topic(point->topic, mosquitto_sub_topic_check))
    return mapper_fail_itemf(mqtt_api, call, point->id, MAPPER_INVALID,
                             "%s: setting topic: '%.200s': expected a topic, or a filter with + "
                             "and # in places of their own",
                             point->name, point->topic);
  if (point->set_topic && !is_topic(point->set_topic, mosquitto_pub_topic_check))
    return mapper_fail_itemf(mqtt_api, call, point->id, MAPPER_INVALID,
                             "%s: setting setTopic: '%.200s': expected a topic without wildcards",
                             point->name, point->set_topic);
  return MAPPER_OK;
}

mapper_status point_bind(mqtt_point *point, mapper_device *device, const mapper_point *from,
                         const mapper_call *call) {
  point->id = from->id;
  point->device = device;
  if (!copy_texts(point, from))
    return mapper_fail_itemf(mqtt_api, call, from->id, MAPPER_NO_MEMORY, "%s: no memory",
                             from->name);
  if (!convert_supports(from->type))
    return mapper_fail_itemf(mqtt_api, call, from->id, MAPPER_UNSUPPORTED,
                             "%s: MQTT points have no arrays", from->name);
  mapper_status status = check_topics(point, call);
  if (status != MAPPER_OK) return status;
  conversion *how = &point->conversion;
  *how = (conversion){.type = from->type, .template = point->set_template};
  how->on = point->on;
  how->off = point->off;
  if (point->path && !json_path_parse(point->path, &how->path))
    return mapper_fail_itemf(mqtt_api, call, from->id, MAPPER_INVALID,
                             "%s: setting path: '%.200s': expected " JSON_PATH_EXPECTED, from->name,
                             point->path);
  if (point->set_template && !strstr(point->set_template, "{value}"))
    return mapper_fail_itemf(mqtt_api, call, from->id, MAPPER_INVALID,
                             "%s: setting setTemplate: '%.200s': expected {value} in it",
                             from->name, point->set_template);
  if (point->set_template && !point->set_topic)
    return mapper_fail_itemf(mqtt_api, call, from->id, MAPPER_INVALID,
                             "%s: setting setTemplate: expected setTopic beside it", from->name);
  int64_t qos = mapper_find_int(&from->settings, "qos", device->qos);
  if (qos < 0 || qos > 2)
    return mapper_fail_itemf(mqtt_api, call, from->id, MAPPER_INVALID,
                             "%s: setting qos: %lld: expected 0, 1 or 2", from->name,
                             (long long)qos);
  point->qos = (int)qos;
  point->retain = mapper_find_bool(&from->settings, "retain", false);
  point->has_wildcard = point->topic && strpbrk(point->topic, "+#");
  point->is_bound = true;
  return MAPPER_OK;
}

void point_free(mqtt_point *point) {
  free(point->name);
  free(point->topic);
  free(point->set_topic);
  free(point->path);
  free(point->set_template);
  free(point->on);
  free(point->off);
  free(point->why);
  buffer_free(&point->room);
}
