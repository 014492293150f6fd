/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

typedef struct reader {
  yaml_document_t documents[2];
  int count;
} reader;

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

static void put_all(mapper_settings *settings, place at) {
  if (!at.node || at.node->type != YAML_MAPPING_NODE) return;
  yaml_node_pair_t *pair = at.node->data.mapping.pairs.start;
  for (; pair < at.node->data.mapping.pairs.top; pair++) {
    place value = node_at(at, pair->value);
    bool is_plain = value.node && value.node->type == YAML_SCALAR_NODE &&
                    value.node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    fake_settings_put_scalar(settings, text_of(node_at(at, pair->key)), text_of(value), is_plain);
  }
}

static mapper_type model_type(const char *name) {
  static const struct {
    const char *name;
    mapper_type type;
  } types[] = {{"INT", MAPPER_TYPE_I64},     {"FLOAT", MAPPER_TYPE_F32},
               {"DOUBLE", MAPPER_TYPE_F64},  {"BOOLEAN", MAPPER_TYPE_BOOL},
               {"STRING", MAPPER_TYPE_TEXT}, {"BYTES", MAPPER_TYPE_BYTES}};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (strcmp(types[i].name, name) == 0) return types[i].type;
  return MAPPER_TYPE_NONE;
}

static void add_property(manifest *out, place model, place property) {
  const char *name = text_of(find(property, "name"));
  place properties = find(model, "spec/properties"), modelled = {model.document, NULL};
  for (int i = 0; i < length_of(properties); i++)
    if (strcmp(text_of(find(item_of(properties, i), "name")), name) == 0)
      modelled = item_of(properties, i);
  mapper_type type = model_type(text_of(find(modelled, "type")));
  uint32_t id = fake_points_add(&out->points, name, type, "");
  mapper_point *point = &out->points.items[id];
  if (strcmp(text_of(find(modelled, "accessMode")), "ReadOnly") == 0)
    point->access = MAPPER_ACCESS_READ;
  put_all(&point->settings, find(modelled, "visitors/configData"));
  put_all(&point->settings, find(property, "visitors/configData"));
}

static bool load(const char *path, reader *reader) {
  yaml_parser_t parser;
  FILE *file = fopen(path, "r");
  if (!file) {
    printf("  %s: cannot be read\n", path);
    return false;
  }
  yaml_parser_initialize(&parser);
  yaml_parser_set_input_file(&parser, file);
  while (reader->count < 2 && yaml_parser_load(&parser, &reader->documents[reader->count])) {
    if (!yaml_document_get_root_node(&reader->documents[reader->count])) {
      yaml_document_delete(&reader->documents[reader->count]);
      break;
    }
    reader->count++;
  }
  bool is_whole = reader->count == 2;
  if (!is_whole)
    printf("  %s:%zu: %s\n", path, parser.problem_mark.line + 1,
           parser.problem ? parser.problem : "expected a DeviceModel and a Device");
  yaml_parser_delete(&parser);
  fclose(file);
  return is_whole;
}

bool manifest_read(const char *path, manifest *out) {
  reader reader = {.count = 0};
  memset(out, 0, sizeof *out);
  bool is_good = load(path, &reader);
  if (is_good) {
    place model = {NULL, NULL}, device = {NULL, NULL};
    for (int i = 0; i < 2; i++) {
      place root = {&reader.documents[i], yaml_document_get_root_node(&reader.documents[i])};
      if (strcmp(text_of(find(root, "kind")), "Device") == 0) device = root;
      if (strcmp(text_of(find(root, "kind")), "DeviceModel") == 0) model = root;
    }
    is_good = device.node && model.node &&
              strcmp(text_of(find(device, "spec/deviceModelRef/name")),
                     text_of(find(model, "metadata/name"))) == 0 &&
              strcmp(text_of(find(device, "spec/protocol/protocolName")), "modbus") == 0;
    if (is_good) {
      put_all(&out->settings, find(model, "spec/protocolConfigData"));
      put_all(&out->settings, find(device, "spec/protocol/configData"));
      place properties = find(device, "spec/properties");
      for (int i = 0; i < length_of(properties); i++)
        add_property(out, model, item_of(properties, i));
    } else {
      printf("  %s: expected a DeviceModel and a modbus Device that refers to it\n", path);
    }
  }
  while (reader.count) yaml_document_delete(&reader.documents[--reader.count]);
  return is_good;
}

void manifest_free(manifest *manifest) {
  fake_settings_free(&manifest->settings);
  fake_points_free(&manifest->points);
}
