/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fakecall.h"
#include "mapper/helpers.h"

static void put_copy(mapper_settings *settings, char *key, mapper_value value) {
  mapper_setting *items = (mapper_setting *)(uintptr_t)settings->items;
  uint64_t place = 0;
  while (place < settings->count && strcmp(items[place].key, key) < 0) place++;
  if (place < settings->count && strcmp(items[place].key, key) == 0) {
    free((void *)(uintptr_t)items[place].key);
    if (items[place].value.type == MAPPER_TYPE_TEXT || items[place].value.type == MAPPER_TYPE_BYTES)
      free((void *)(uintptr_t)items[place].value.data);
  } else {
    items = realloc(items, (settings->count + 1) * sizeof *items);
    if (!items) abort();
    memmove(items + place + 1, items + place, (settings->count - place) * sizeof *items);
    settings->count++;
  }
  items[place] = (mapper_setting){key, value};
  settings->items = items;
}

void fake_settings_put(mapper_settings *settings, const char *key, mapper_value value) {
  if (value.type == MAPPER_TYPE_TEXT || value.type == MAPPER_TYPE_BYTES)
    value.data = fake_copy(value.data, value.count);
  put_copy(settings, fake_copy(key, strlen(key)), value);
}

/* A plain scalar as YAML's core schema types it. */
static mapper_value scalar(const char *text, size_t size) {
  char *copy = fake_copy(text, size), *end = NULL;
  mapper_value value = {MAPPER_TYPE_TEXT, 0, (uint32_t)size, {.data = copy}};
  if (strcmp(copy, "true") == 0 || strcmp(copy, "false") == 0) {
    value = mapper_bool(copy[0] == 't');
  } else if (size) {
    long long whole = strtoll(copy, &end, 10);
    if (*end == 0) {
      value = mapper_int(MAPPER_TYPE_I64, whole);
    } else {
      double number = strtod(copy, &end);
      bool digits = isdigit((unsigned char)copy[0]) || copy[0] == '-' || copy[0] == '.';
      if (*end == 0 && digits) value = mapper_float(MAPPER_TYPE_F64, number);
    }
  }
  if (value.type != MAPPER_TYPE_TEXT) free(copy);
  return value;
}

void fake_settings_put_scalar(mapper_settings *settings, const char *key, const char *text,
                              bool is_plain) {
  size_t size = strlen(text);
  mapper_value value = {MAPPER_TYPE_TEXT, 0, (uint32_t)size, {0}};
  if (is_plain)
    value = scalar(text, size);
  else
    value.data = fake_copy(text, size);
  put_copy(settings, fake_copy(key, strlen(key)), value);
}

mapper_settings fake_settings(const char *text) {
  mapper_settings settings = {NULL, 0};
  while (*text) {
    while (*text == ' ' || *text == ',') text++;
    if (!*text) break;
    const char *colon = strchr(text, ':');
    if (!colon) abort(); /* a mistake in a test */
    char *key = fake_copy(text, (size_t)(colon - text));
    text = colon + 1;
    while (*text == ' ') text++;
    if (*text == '"') {
      const char *end = strchr(text + 1, '"');
      if (!end) abort();
      size_t size = (size_t)(end - text - 1);
      mapper_value value = {MAPPER_TYPE_TEXT, 0, (uint32_t)size, {0}};
      value.data = fake_copy(text + 1, size);
      put_copy(&settings, key, value);
      text = end + 1;
    } else {
      size_t size = strcspn(text, ",");
      const char *next = text + size;
      while (size && text[size - 1] == ' ') size--;
      put_copy(&settings, key, scalar(text, size));
      text = next;
    }
  }
  return settings;
}

void fake_settings_free(mapper_settings *settings) {
  for (uint64_t i = 0; i < settings->count; i++) {
    const mapper_setting *item = &settings->items[i];
    free((void *)(uintptr_t)item->key);
    if (item->value.type == MAPPER_TYPE_TEXT || item->value.type == MAPPER_TYPE_BYTES)
      free((void *)(uintptr_t)item->value.data);
  }
  free((void *)(uintptr_t)settings->items);
  *settings = (mapper_settings){NULL, 0};
}

uint32_t fake_points_add(fake_points *points, const char *name, mapper_type type,
                         const char *settings) {
  points->items = realloc(points->items, (points->count + 1) * sizeof *points->items);
  if (!points->items) abort();
  points->items[points->count] = (mapper_point){
      .id = points->count,
      .type = type,
      .access = MAPPER_ACCESS_READ | MAPPER_ACCESS_WRITE,
      .name = fake_copy(name, strlen(name)),
      .settings = fake_settings(settings),
      .cycle_ms = 1000,
  };
  return points->count++;
}

void fake_points_free(fake_points *points) {
  for (uint32_t i = 0; i < points->count; i++) {
    free((void *)(uintptr_t)points->items[i].name);
    fake_settings_free(&points->items[i].settings);
  }
  free(points->items);
  *points = (fake_points){NULL, 0};
}
