/* SPDX-License-Identifier: Apache-2.0 */
#include "devicefile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "mapper/helpers.h"

static const struct {
  const char *name;
  mapper_type type;
} types[] = {{"INT", MAPPER_TYPE_I64},     {"FLOAT", MAPPER_TYPE_F32},
             {"DOUBLE", MAPPER_TYPE_F64},  {"BOOLEAN", MAPPER_TYPE_BOOL},
             {"STRING", MAPPER_TYPE_TEXT}, {"BYTES", MAPPER_TYPE_BYTES}};
enum { TYPE_COUNT = sizeof types / sizeof *types };

/* ---- walking the documents ---------------------------------------------------------------- */

typedef struct place {
  yaml_document_t *document;
  yaml_node_t *node; /* null: not there */
} place;

static const char *text_of(place at) {
  bool is_scalar = at.node && at.node->type == YAML_SCALAR_NODE;
  return is_scalar ? (const char *)at.node->data.scalar.value : "";
}

static place node_at(place at, int id) {
  return (place){at.document, yaml_document_get_node(at.document, id)};
}

/* The value at a path of keys, "spec/protocol". */
static place find(place at, const char *path) {
  while (*path && at.node) {
    size_t size = strcspn(path, "/");
    place found = {at.document, NULL};
    if (at.node->type == YAML_MAPPING_NODE) {
      yaml_node_pair_t *pair = at.node->data.mapping.pairs.start;
      for (; pair < at.node->data.mapping.pairs.top; pair++) {
        const char *key = text_of(node_at(at, pair->key));
        if (strlen(key) == size && strncmp(key, path, size) == 0) found = node_at(at, pair->value);
      }
    }
    at = found;
    path += size + (path[size] == '/');
  }
  return at;
}

static int length_of(place at) {
  if (!at.node || at.node->type != YAML_SEQUENCE_NODE) return 0;
  return (int)(at.node->data.sequence.items.top - at.node->data.sequence.items.start);
}

static place item_of(place at, int index) {
  return node_at(at, at.node->data.sequence.items.start[index]);
}

/* A list of texts is handed to mappers as JSON. */
static void put_list(mapper_settings *settings, const char *key, place list) {
  char json[1024] = "[";
  for (int i = 0; i < length_of(list); i++) {
    size_t size = strlen(json);
    snprintf(json + size, sizeof json - size, "%s\"%s\"", i ? "," : "", text_of(item_of(list, i)));
  }
  strncat(json, "]", sizeof json - strlen(json) - 1);
  fake_settings_put(settings, key, mapper_data(MAPPER_TYPE_BYTES, json, (uint32_t)strlen(json)));
}

static void put_settings(mapper_settings *settings, place at) {
  if (!at.node || at.node->type != YAML_MAPPING_NODE) return;
  yaml_node_pair_t *pair = at.node->data.mapping.pairs.start;
  for (; pair < at.node->data.mapping.pairs.top; pair++) {
    place value = node_at(at, pair->value);
    bool is_plain = value.node && value.node->type == YAML_SCALAR_NODE &&
                    value.node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    const char *key = text_of(node_at(at, pair->key));
    if (value.node && value.node->type == YAML_SEQUENCE_NODE)
      put_list(settings, key, value);
    else
      fake_settings_put_scalar(settings, key, text_of(value), is_plain);
  }
}

/* ---- model and device --------------------------------------------------------------------- */

typedef struct pair {
  yaml_document_t documents[2];
  int count;
  place model, device; /* their roots */
} pair;

static bool load(const char *path, pair *pair) {
  yaml_parser_t parser;
  FILE *file = fopen(path, "r");
  if (!file) return false;
  yaml_parser_initialize(&parser);
  yaml_parser_set_input_file(&parser, file);
  while (pair->count < 2 && yaml_parser_load(&parser, &pair->documents[pair->count])) {
    yaml_document_t *document = &pair->documents[pair->count++];
    place root = {document, yaml_document_get_root_node(document)};
    if (!root.node) break;
    const char *kind = text_of(find(root, "kind"));
    if (strcmp(kind, "DeviceModel") == 0) pair->model = root;
    if (strcmp(kind, "Device") == 0) pair->device = root;
  }
  if (parser.problem) printf("  %s:%zu: %s\n", path, parser.problem_mark.line + 1, parser.problem);
  yaml_parser_delete(&parser);
  fclose(file);
  return pair->model.node && pair->device.node;
}

static bool belong_together(const pair *pair, const char *protocol) {
  const char *wanted = text_of(find(pair->device, "spec/deviceModelRef/name"));
  const char *named = text_of(find(pair->device, "spec/protocol/protocolName"));
  return strcmp(wanted, text_of(find(pair->model, "metadata/name"))) == 0 &&
         strcmp(named, protocol) == 0;
}

static mapper_type type_named(const char *name) {
  for (int i = 0; i < TYPE_COUNT; i++)
    if (strcmp(types[i].name, name) == 0) return types[i].type;
  return MAPPER_TYPE_NONE;
}

static bool add_point(place model, place property, fake_points *points) {
  const char *name = text_of(find(property, "name"));
  place list = find(model, "spec/properties"), modelled = {model.document, NULL};
  for (int i = 0; i < length_of(list); i++)
    if (strcmp(text_of(find(item_of(list, i), "name")), name) == 0) modelled = item_of(list, i);
  mapper_type type = type_named(text_of(find(modelled, "type")));
  if (type == MAPPER_TYPE_NONE) return false;
  uint32_t id = fake_points_add(points, name, type, ""); /* moves the items */
  mapper_point *point = &points->items[id];
  if (strcmp(text_of(find(modelled, "accessMode")), "ReadOnly") == 0)
    point->access = MAPPER_ACCESS_READ;
  put_settings(&point->settings, find(modelled, "visitors/configData"));
  put_settings(&point->settings, find(property, "visitors/configData"));
  return true;
}

bool device_file_read(const char *path, const char *protocol, device_file *out) {
  pair pair = {.count = 0};
  *out = (device_file){.settings = {NULL, 0}};
  bool is_good = load(path, &pair) && belong_together(&pair, protocol);
  if (is_good) {
    put_settings(&out->settings, find(pair.model, "spec/protocolConfigData"));
    put_settings(&out->settings, find(pair.device, "spec/protocol/configData"));
    place list = find(pair.device, "spec/properties");
    is_good = length_of(list) > 0;
    for (int i = 0; is_good && i < length_of(list); i++)
      is_good = add_point(pair.model, item_of(list, i), &out->points);
  }
  if (!is_good)
    printf("  %s: expected a DeviceModel and its Device of protocol %s\n", path, protocol);
  while (pair.count) yaml_document_delete(&pair.documents[--pair.count]);
  return is_good;
}

void device_file_free(device_file *file) {
  fake_settings_free(&file->settings);
  fake_points_free(&file->points);
}

const mapper_point *device_file_point(const device_file *file, const char *name) {
  for (uint32_t i = 0; i < file->points.count; i++)
    if (strcmp(file->points.items[i].name, name) == 0) return &file->points.items[i];
  return NULL;
}
