/* SPDX-License-Identifier: Apache-2.0 */
#include "devicefile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

static const struct {
  const char *name;
  mapper_type type;
} types[] = {{"INT", MAPPER_TYPE_I64},     {"FLOAT", MAPPER_TYPE_F32},
             {"DOUBLE", MAPPER_TYPE_F64},  {"BOOLEAN", MAPPER_TYPE_BOOL},
             {"STRING", MAPPER_TYPE_TEXT}, {"BYTES", MAPPER_TYPE_BYTES}};
enum { TYPE_COUNT = sizeof types / sizeof *types };

/* ---- walking the document ----------------------------------------------------------------- */

static const char *scalar(const yaml_node_t *node) {
  return node && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : "";
}

static yaml_node_t *child(yaml_document_t *document, yaml_node_t *node, const char *key) {
  if (!node || node->type != YAML_MAPPING_NODE) return NULL;
  for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top;
       pair++)
    if (strcmp(scalar(yaml_document_get_node(document, pair->key)), key) == 0)
      return yaml_document_get_node(document, pair->value);
  return NULL;
}

/* The node at up to three keys, one within the other; the last ones may be null. */
static yaml_node_t *at(yaml_document_t *document, yaml_node_t *node, const char *first,
                       const char *second, const char *third) {
  node = child(document, node, first);
  if (second) node = child(document, node, second);
  if (third) node = child(document, node, third);
  return node;
}

/* Item `index` of a list, or null behind its end. */
static yaml_node_t *item(yaml_document_t *document, yaml_node_t *list, int index) {
  if (!list || list->type != YAML_SEQUENCE_NODE) return NULL;
  yaml_node_item_t *first = list->data.sequence.items.start;
  return first + index < list->data.sequence.items.top
             ? yaml_document_get_node(document, first[index])
             : NULL;
}

static void put_settings(yaml_document_t *document, yaml_node_t *node, mapper_settings *settings) {
  if (!node || node->type != YAML_MAPPING_NODE) return;
  for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top;
       pair++) {
    yaml_node_t *value = yaml_document_get_node(document, pair->value);
    bool is_plain =
        value->type == YAML_SCALAR_NODE && value->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    fake_settings_put_scalar(settings, scalar(yaml_document_get_node(document, pair->key)),
                             scalar(value), is_plain);
  }
}

/* ---- model and device --------------------------------------------------------------------- */

typedef struct pair {
  yaml_document_t documents[2];
  int count;
  yaml_document_t *model, *device; /* two of them */
} pair;

static yaml_node_t *root(yaml_document_t *document) {
  return yaml_document_get_root_node(document);
}

static bool load(const char *path, pair *pair) {
  yaml_parser_t parser;
  FILE *file = fopen(path, "r");
  if (!file) return false;
  yaml_parser_initialize(&parser);
  yaml_parser_set_input_file(&parser, file);
  while (pair->count < 2 && yaml_parser_load(&parser, &pair->documents[pair->count])) {
    yaml_document_t *document = &pair->documents[pair->count++];
    if (!root(document)) break;
    const char *kind = scalar(child(document, root(document), "kind"));
    if (strcmp(kind, "DeviceModel") == 0) pair->model = document;
    if (strcmp(kind, "Device") == 0) pair->device = document;
  }
  if (parser.problem) printf("  %s:%zu: %s\n", path, parser.problem_mark.line + 1, parser.problem);
  yaml_parser_delete(&parser);
  fclose(file);
  return pair->model && pair->device;
}

static yaml_node_t *modelled(yaml_document_t *model, const char *name) {
  yaml_node_t *list = at(model, root(model), "spec", "properties", NULL), *property;
  for (int i = 0; (property = item(model, list, i)); i++)
    if (strcmp(scalar(child(model, property, "name")), name) == 0) return property;
  return NULL;
}

static bool add_points(pair *pair, device_file *out) {
  yaml_document_t *model = pair->model, *device = pair->device;
  yaml_node_t *list = at(device, root(device), "spec", "properties", NULL), *property;
  for (int i = 0; (property = item(device, list, i)); i++) {
    const char *name = scalar(child(device, property, "name"));
    yaml_node_t *known = modelled(model, name);
    const char *type_name = scalar(child(model, known, "type"));
    mapper_type type = MAPPER_TYPE_NONE;
    for (int t = 0; t < TYPE_COUNT; t++)
      if (strcmp(types[t].name, type_name) == 0) type = types[t].type;
    if (type == MAPPER_TYPE_NONE) return false;
    uint32_t id = fake_points_add(&out->points, name, type, ""); /* moves the items */
    mapper_point *point = &out->points.items[id];
    put_settings(model, at(model, known, "visitors", "configData", NULL), &point->settings);
    put_settings(device, at(device, property, "visitors", "configData", NULL), &point->settings);
  }
  return out->points.count > 0;
}

static bool is_pair(pair *pair, const char *protocol) {
  yaml_document_t *model = pair->model, *device = pair->device;
  const char *wanted = scalar(at(device, root(device), "spec", "deviceModelRef", "name"));
  const char *name = scalar(at(model, root(model), "metadata", "name", NULL));
  const char *named = scalar(at(device, root(device), "spec", "protocol", "protocolName"));
  return strcmp(wanted, name) == 0 && strcmp(named, protocol) == 0;
}

bool device_file_read(const char *path, const char *protocol, device_file *out) {
  pair pair = {.count = 0};
  *out = (device_file){.settings = {NULL, 0}};
  bool good = load(path, &pair) && is_pair(&pair, protocol);
  if (good) {
    yaml_document_t *model = pair.model, *device = pair.device;
    put_settings(model, at(model, root(model), "spec", "protocolConfigData", NULL), &out->settings);
    put_settings(device, at(device, root(device), "spec", "protocol", "configData"),
                 &out->settings);
    good = add_points(&pair, out);
  }
  if (!good) printf("  %s: expected a DeviceModel and its Device of protocol %s\n", path, protocol);
  while (pair.count) yaml_document_delete(&pair.documents[--pair.count]);
  return good;
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

/* ---- values ------------------------------------------------------------------------------- */

bool device_file_value(const mapper_point *point, const char *text, mapper_value *value) {
  char *end = NULL;
  *value = (mapper_value){.type = point->type, .count = 1};
  switch (point->type) {
  case MAPPER_TYPE_I64:
    value->i64 = strtoll(text, &end, 10);
    return *text && !*end;
  case MAPPER_TYPE_F32:
    value->f64 = (double)strtof(text, &end);
    return *text && !*end;
  case MAPPER_TYPE_F64:
    value->f64 = strtod(text, &end);
    return *text && !*end;
  case MAPPER_TYPE_BOOL:
    value->u64 = strcmp(text, "true") == 0;
    return value->u64 || strcmp(text, "false") == 0;
  default:
    value->count = (uint32_t)strlen(text);
    value->data = text;
    return true;
  }
}

const char *device_file_text(const mapper_value *value) {
  static char text[512];
  const char *name = "?";
  for (int i = 0; i < TYPE_COUNT; i++)
    if (types[i].type == value->type) name = types[i].name;
  size_t size = (size_t)snprintf(text, sizeof text, "%s ", name), room = sizeof text - size;
  switch (value->type) {
  case MAPPER_TYPE_I64:
    snprintf(text + size, room, "%lld", (long long)value->i64);
    break;
  case MAPPER_TYPE_F32:
    snprintf(text + size, room, "%.7g", value->f64);
    break;
  case MAPPER_TYPE_F64:
    snprintf(text + size, room, "%.15g", value->f64);
    break;
  case MAPPER_TYPE_BOOL:
    snprintf(text + size, room, "%s", value->u64 ? "true" : "false");
    break;
  case MAPPER_TYPE_TEXT:
    snprintf(text + size, room, "%.*s", (int)value->count, (const char *)value->data);
    break;
  case MAPPER_TYPE_BYTES:
    for (uint32_t i = 0; i < value->count && size + 3 < sizeof text; i++, size += 2)
      snprintf(text + size, 3, "%02x", ((const uint8_t *)value->data)[i]);
    break;
  }
  return text;
}
