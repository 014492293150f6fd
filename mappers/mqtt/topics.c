/* SPDX-License-Identifier: Apache-2.0
 *
 * The tree of topic filters. Children are found in one table by parent and level, so that a node
 * costs the same whether it has one child or ten thousand.
 */
#include "topics.h"

#include <stdlib.h>
#include <string.h>

#define CAPACITY_FIRST 64

/* ---- the table ---------------------------------------------------------------------------- */

static uint32_t hash_of(const mqtt_filter *parent, const char *level, size_t size) {
  uint32_t hash = 2166136261u ^ parent->hash * 31; /* FNV-1a, seeded with the way here */
  for (size_t i = 0; i < size; i++) hash = (hash ^ (uint8_t)level[i]) * 16777619u;
  return hash ^ hash >> 15;
}

static mqtt_filter *find(const topic_tree *tree, const mqtt_filter *parent, const char *level,
                         size_t size) {
  if (tree->capacity == 0) return NULL;
  uint32_t hash = hash_of(parent, level, size);
  mqtt_filter *node = tree->buckets[hash & (tree->capacity - 1)];
  for (; node; node = node->next) {
    bool may_be = node->hash == hash && node->parent == parent;
    if (may_be && strncmp(node->level, level, size) == 0 && node->level[size] == 0) return node;
  }
  return NULL;
}

static void put(topic_tree *tree, mqtt_filter *node) {
  mqtt_filter **bucket = &tree->buckets[node->hash & (tree->capacity - 1)];
  node->next = *bucket;
  *bucket = node;
}

/* Keeps chains short. Without memory they grow longer, unless there is no table at all. */
static bool make_room(topic_tree *tree) {
  if (tree->count < tree->capacity) return true;
  uint32_t capacity = tree->capacity ? 2 * tree->capacity : CAPACITY_FIRST;
  mqtt_filter **buckets = calloc(capacity, sizeof(mqtt_filter *));
  if (!buckets) return tree->capacity > 0;
  topic_tree larger = {.buckets = buckets, .capacity = capacity};
  for (uint32_t i = 0; i < tree->capacity; i++) {
    for (mqtt_filter *node = tree->buckets[i], *next; node; node = next) {
      next = node->next;
      put(&larger, node);
    }
  }
  free(tree->buckets);
  tree->buckets = buckets;
  tree->capacity = capacity;
  return true;
}

static mqtt_filter *add_child(topic_tree *tree, mqtt_filter *parent, const char *level,
                              size_t size) {
  mqtt_filter *node = make_room(tree) ? calloc(1, sizeof *node + size + 1) : NULL;
  if (!node) return NULL;
  char *copy = (char *)(node + 1);
  memcpy(copy, level, size);
  node->level = copy;
  node->parent = parent;
  node->hash = hash_of(parent, level, size);
  put(tree, node);
  tree->count++;
  parent->children++;
  if (strcmp(copy, "+") == 0) parent->plus = node;
  if (strcmp(copy, "#") == 0) parent->rest = node;
  return node;
}

static void free_node(topic_tree *tree, mqtt_filter *node) {
  mqtt_filter **at = &tree->buckets[node->hash & (tree->capacity - 1)];
  while (*at != node) at = &(*at)->next;
  *at = node->next;
  tree->count--;
  mqtt_filter *parent = node->parent;
  parent->children--;
  if (parent->plus == node) parent->plus = NULL;
  if (parent->rest == node) parent->rest = NULL;
  free(node);
}

/* ---- the tree ----------------------------------------------------------------------------- */

bool topics_has_room(const char *text) {
  int levels = 1;
  for (; *text; text++) levels += *text == '/';
  return levels <= TOPIC_LEVELS_MAX;
}

mqtt_filter *topics_add(topic_tree *tree, const char *text) {
  if (!topics_has_room(text)) return NULL;
  mqtt_filter *node = &tree->root;
  for (const char *level = text; level;) {
    size_t size = strcspn(level, "/");
    mqtt_filter *child = find(tree, node, level, size);
    if (!child) child = add_child(tree, node, level, size);
    if (!child) {
      topics_prune(tree, node);
      return NULL;
    }
    node = child;
    level = level[size] ? level + size + 1 : NULL;
  }
  return node;
}

void topics_prune(topic_tree *tree, mqtt_filter *node) {
  while (node != &tree->root && !node->children && !node->watches && !node->is_changed &&
         !node->asked) {
    mqtt_filter *parent = node->parent;
    free_node(tree, node);
    node = parent;
  }
}

void topics_free(topic_tree *tree) {
  for (uint32_t i = 0; i < tree->capacity; i++) {
    for (mqtt_filter *node = tree->buckets[i], *next; node; node = next) {
      next = node->next;
      free(node);
    }
  }
  free(tree->buckets);
  *tree = (topic_tree){.capacity = 0};
}

char *topics_text(const mqtt_filter *filter) {
  size_t size = 0;
  for (const mqtt_filter *node = filter; node->parent; node = node->parent)
    size += strlen(node->level) + 1;
  char *text = malloc(size ? size : 1), *end = text + size;
  if (!text) return NULL;
  for (const mqtt_filter *node = filter; node->parent; node = node->parent) {
    size_t length = strlen(node->level);
    *--end = node == filter ? 0 : '/';
    end -= length;
    memcpy(end, node->level, length);
  }
  return text;
}

void topics_each(const topic_tree *tree, void (*each)(mqtt_filter *, void *), void *context) {
  for (uint32_t i = 0; i < tree->capacity; i++)
    for (mqtt_filter *node = tree->buckets[i]; node; node = node->next) each(node, context);
}

/* ---- matching ----------------------------------------------------------------------------- */

typedef struct search {
  const topic_tree *tree;
  void (*found)(mqtt_filter *, void *);
  void *context;
} search;

static void tell(const search *search, mqtt_filter *filter) {
  if (filter && filter->watches) search->found(filter, search->context);
}

/* `level` is what is left of the topic, null: nothing. It goes as deep as filters do. */
static void walk(const search *search, mqtt_filter *node, const char *level) {
  /* Wildcards at the beginning do not match topics of the broker's own. */
  bool is_wild = node->parent || !level || *level != '$';
  if (is_wild) tell(search, node->rest); /* a/# matches a too */
  if (!level) {
    tell(search, node);
    return;
  }
  size_t size = strcspn(level, "/");
  const char *next = level[size] ? level + size + 1 : NULL;
  mqtt_filter *child = find(search->tree, node, level, size);
  if (child && child != node->plus && child != node->rest) walk(search, child, next);
  if (is_wild && node->plus) walk(search, node->plus, next);
}

void topics_match(const topic_tree *tree, const char *topic, void (*found)(mqtt_filter *, void *),
                  void *context) {
  search search = {tree, found, context};
  walk(&search, (mqtt_filter *)(uintptr_t)&tree->root, topic);
}
