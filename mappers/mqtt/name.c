/* SPDX-License-Identifier: Apache-2.0
 *
 * Topics as they are used: with the device's name and prefix in them.
 */
#define _GNU_SOURCE
#include <stdlib.h>

#include "mqtt.h"

static const char mark[] = "{name}";

static bool is_below_prefix(const char *topic) { return *topic != '/' && *topic != '$'; }

bool device_lacks_name(const mapper_device *device, const char *topic) {
  return !device->name && strstr(topic, mark) != NULL;
}

static bool append_topic(buffer *out, const char *topic, const char *name) {
  for (const char *at; name && (at = strstr(topic, mark)); topic = at + strlen(mark))
    if (!buffer_append(out, topic, (size_t)(at - topic)) || !buffer_append(out, name, strlen(name)))
      return false;
  return buffer_append(out, topic, strlen(topic));
}

char *device_topic(const mapper_device *device, const char *topic) {
  buffer out = {0};
  const char *prefix = device->topic_prefix;
  bool is_good = true;
  if (prefix && is_below_prefix(topic)) {
    is_good = append_topic(&out, prefix, device->name);
    bool ends = out.size > 0 && out.bytes[out.size - 1] == '/';
    is_good = is_good && (ends || buffer_append(&out, "/", 1));
  }
  is_good = is_good && append_topic(&out, topic, device->name) && buffer_append(&out, "", 1);
  if (is_good) return out.bytes;
  buffer_free(&out);
  return NULL;
}

static bool is_text(const char *topic) {
  size_t size = strlen(topic);
  return size > 0 && size <= 65535 && mosquitto_validate_utf8(topic, (int)size) == 0 &&
         topics_has_room(topic);
}

bool is_filter(const char *topic) {
  return is_text(topic) && mosquitto_sub_topic_check(topic) == MOSQ_ERR_SUCCESS;
}

bool is_topic(const char *topic) {
  return is_text(topic) && mosquitto_pub_topic_check(topic) == MOSQ_ERR_SUCCESS;
}
