/* SPDX-License-Identifier: Apache-2.0
 *
 * The topic filters of a broker, as a tree of their levels: what a message costs depends on the
 * levels of its topic, not on how many filters there are. No I/O, no lock.
 */
#ifndef MQTT_TOPICS_H
#define MQTT_TOPICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most levels of a filter; a search goes no deeper. */
#define TOPIC_LEVELS_MAX 100

typedef struct mqtt_filter mqtt_filter;
typedef struct mqtt_watch mqtt_watch;

/* A level of filters; a filter itself where watches wait. The tree owns it. */
struct mqtt_filter {
  mqtt_filter *parent;
  mqtt_filter *next;        /* of the bucket */
  mqtt_filter *plus, *rest; /* the children + and # */
  uint32_t hash, children;
  const char *level; /* behind this; NUL-terminated */

  mqtt_watch *watches;
  int qos;
  uint16_t asked;  /* SUBSCRIBE packets under way that name it */
  bool is_changed; /* on the broker's list of changed filters */
  bool is_sent;    /* the broker may have a subscription */
  bool is_answered, is_refused;
  mqtt_filter *next_changed;
};

/* Begins as zeroes. */
typedef struct topic_tree {
  mqtt_filter root; /* of no level */
  mqtt_filter **buckets;
  uint32_t capacity, count;
} topic_tree;

/* The filter of this text, made if it is not there. Null: no memory, or too many levels. */
mqtt_filter *topics_add(topic_tree *tree, const char *text);
/* Frees a filter that nobody needs, and what was there only for its sake. */
void topics_prune(topic_tree *tree, mqtt_filter *filter);
void topics_free(topic_tree *tree);

/* The filter's text, the caller's to free. Null: no memory. */
char *topics_text(const mqtt_filter *filter);
/* Fewer levels than the limit. */
bool topics_has_room(const char *text);

/* Calls `found` for each filter with watches that the topic of a message matches. */
void topics_match(const topic_tree *tree, const char *topic,
                  void (*found)(mqtt_filter *filter, void *context), void *context);
/* Calls `each` for each node of the tree. `each` must not add or free any. */
void topics_each(const topic_tree *tree, void (*each)(mqtt_filter *filter, void *context),
                 void *context);

#endif
