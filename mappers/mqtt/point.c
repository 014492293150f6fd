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

/* The same for a topic, made ready. */
static bool copy_topic(const mapper_device *device, const mapper_settings *settings,
                       const char *key, char **copy) {
  const char *topic = mapper_find_text(settings, key, NULL);
  *copy = topic ? device_topic(device, topic) : NULL;
  return !topic || *copy;
}

static bool copy_texts(mqtt_point *point, const mapper_point *from) {
  const mapper_settings *settings = &from->settings;
  const mapper_device *device = point->watch.device;
  point->name = strdup(from->name);
  return point->name && copy_topic(device, settings, "topic", &point->watch.topic) &&
         copy_topic(device, settings, "setTopic", &point->set_topic) &&
         copy_text(settings, "path", &point->path) &&
         copy_text(settings, "setTemplate", &point->set_template) &&
         copy_text(settings, "payloadOn", &point->on) &&
         copy_text(settings, "payloadOff", &point->off);
}

static mapper_status check_name(const mqtt_point *point, const mapper_settings *settings,
                                const char *key, const mapper_call *call) {
  const char *topic = mapper_find_text(settings, key, NULL);
  if (!topic || !device_lacks_name(point->watch.device, topic)) return MAPPER_OK;
  return mapper_fail_itemf(mqtt_api, call, point->id, MAPPER_INVALID,
                           "%s: setting %s: '%.200s': expected setting name of the device for "
                           "{name}",
                           point->name, key, topic);
}

static mapper_status check_topics(const mqtt_point *point, const mapper_settings *settings,
                                  const mapper_call *call) {
  const char *topic = point->watch.topic;
  if (!topic && !point->set_topic)
    return mapper_fail_itemf(mqtt_api, call, point->id, MAPPER_INVALID,
                             "%s: expected setting topic, setTopic or both", point->name);
  mapper_status status = check_name(point, settings, "topic", call);
  if (status == MAPPER_OK) status = check_name(point, settings, "setTopic", call);
  if (status != MAPPER_OK) return status;
  if (topic && !is_filter(topic))
    return mapper_fail_itemf(mqtt_api, call, point->id, MAPPER_INVALID,
                             "%s: setting topic: '%.200s': expected " FILTER_EXPECTED, point->name,
                             topic);
  if (point->set_topic && !is_topic(point->set_topic))
    return mapper_fail_itemf(mqtt_api, call, point->id, MAPPER_INVALID,
                             "%s: setting setTopic: '%.200s': expected a topic without wildcards",
                             point->name, point->set_topic);
  return MAPPER_OK;
}

static mapper_status take_conversion(mqtt_point *point, const mapper_call *call) {
  conversion *how = &point->conversion;
  how->template = point->set_template;
  how->on = point->on;
  how->off = point->off;
  if (point->path && !json_path_parse(point->path, &how->path))
    return mapper_fail_itemf(mqtt_api, call, point->id, MAPPER_INVALID,
                             "%s: setting path: '%.200s': expected " JSON_PATH_EXPECTED,
                             point->name, point->path);
  if (point->set_template && !strstr(point->set_template, "{value}"))
    return mapper_fail_itemf(mqtt_api, call, point->id, MAPPER_INVALID,
                             "%s: setting setTemplate: '%.200s': expected {value} in it",
                             point->name, point->set_template);
  if (point->set_template && !point->set_topic)
    return mapper_fail_itemf(mqtt_api, call, point->id, MAPPER_INVALID,
                             "%s: setting setTemplate: expected setTopic beside it", point->name);
  return MAPPER_OK;
}

static mapper_status take_options(mqtt_point *point, const mapper_settings *settings,
                                  const mapper_call *call) {
  const mapper_device *device = point->watch.device;
  int64_t qos = mapper_find_int(settings, "qos", device->qos);
  if (qos < 0 || qos > 2)
    return mapper_fail_itemf(mqtt_api, call, point->id, MAPPER_INVALID,
                             "%s: setting qos: %lld: expected 0, 1 or 2", point->name,
                             (long long)qos);
  const char *retained = mapper_find_text(settings, "retained", NULL);
  point->retained = device->retained;
  if (retained && !retained_parse(retained, &point->retained))
    return mapper_fail_itemf(mqtt_api, call, point->id, MAPPER_INVALID,
                             "%s: setting retained: '%.20s': expected " RETAINED_EXPECTED,
                             point->name, retained);
  point->is_confirmed = mapper_find_bool(settings, "confirm", false);
  if (point->is_confirmed && !(point->watch.topic && point->set_topic))
    return mapper_fail_itemf(mqtt_api, call, point->id, MAPPER_INVALID,
                             "%s: setting confirm: expected topic and setTopic beside it",
                             point->name);
  point->qos = point->watch.qos = (int)qos;
  point->retain = mapper_find_bool(settings, "retain", false);
  point->has_wildcard = point->watch.topic && strpbrk(point->watch.topic, "+#");
  return MAPPER_OK;
}

mapper_status point_bind(mqtt_point *point, mapper_device *device, const mapper_point *from,
                         const mapper_call *call) {
  point->id = from->id;
  point->watch.device = device;
  point->watch.take = message_take;
  point->conversion.type = from->type;
  if (!copy_texts(point, from))
    return mapper_fail_itemf(mqtt_api, call, from->id, MAPPER_NO_MEMORY, "%s: no memory",
                             from->name);
  if (!convert_supports(from->type))
    return mapper_fail_itemf(mqtt_api, call, from->id, MAPPER_UNSUPPORTED,
                             "%s: MQTT points have no arrays", from->name);
  mapper_status status = check_topics(point, &from->settings, call);
  if (status == MAPPER_OK) status = take_conversion(point, call);
  if (status == MAPPER_OK) status = take_options(point, &from->settings, call);
  point->is_bound = status == MAPPER_OK;
  return status;
}

void point_free(mqtt_point *point) {
  free(point->name);
  free(point->watch.topic);
  free(point->set_topic);
  free(point->path);
  free(point->set_template);
  free(point->on);
  free(point->off);
  free(point->why);
  buffer_free(&point->room);
}
