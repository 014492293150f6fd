/* SPDX-License-Identifier: Apache-2.0
 *
 * libFuzzer: the first line is a path, the rest a payload. Checks what must hold of any result.
 */
#include <stdlib.h>
#include <string.h>

#include "../json/convert.h"

static void require(int holds) {
  if (!holds) abort();
}

/* Every view is a part of the document, and a document of its own unless it is a string. */
static void check_view(const json_view *view, const char *document, size_t size) {
  require(view->start >= document && view->start + view->size <= document + size);
  json_path whole = {0};
  json_view again;
  if (view->kind != JSON_STRING) {
    require(json_find(view->start, view->size, &whole, &again) == JSON_FOUND);
    require(again.kind == view->kind && again.start == view->start && again.size == view->size);
    require((view->kind == JSON_NUMBER) == json_is_number(view->start, view->size));
    return;
  }
  require(view->start[-1] == '"' && view->start[view->size] == '"');
  char *text = malloc(view->size + 1);
  size_t length = json_unescape(view, text);
  require(length <= view->size && json_is_utf8(text, length));
  free(text);
}

static void check_conversions(const json_path *path, const char *document, size_t size) {
  for (mapper_type type = MAPPER_TYPE_NONE; type <= MAPPER_TYPE_BYTES; type++) {
    conversion how = {.type = type, .path = *path};
    mapper_value value = {0};
    buffer room = {0}, payload = {0};
    const char *why;
    mapper_status status = convert_payload(&how, document, size, &value, &room, &why);
    require(status == MAPPER_OK || status == MAPPER_TYPE || status == MAPPER_NOT_FOUND);
    if (status == MAPPER_OK) {
      require(type == MAPPER_TYPE_NONE || value.type == type);
      /* What was read can be published, and reads back as the same. */
      how.path.count = 0;
      how.type = value.type;
      require(convert_value(&how, &value, &payload) == MAPPER_OK);
      mapper_value again = {0};
      buffer more = {0};
      require(convert_payload(&how, payload.bytes ? payload.bytes : "", payload.size, &again, &more,
                              &why) == MAPPER_OK);
      bool is_data = value.type == MAPPER_TYPE_TEXT || value.type == MAPPER_TYPE_BYTES;
      require(again.count == value.count);
      require(is_data ? !value.count || !memcmp(again.data, value.data, value.count)
                      : again.u64 == value.u64);
      buffer_free(&more);
    }
    buffer_free(&room);
    buffer_free(&payload);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static bool is_ready;
  if (!is_ready) is_ready = convert_prepare();
  const uint8_t *line = memchr(data, '\n', size);
  if (!line) return 0;
  size_t path_size = (size_t)(line - data), document_size = size - path_size - 1;
  char *path_text = malloc(path_size + 1), *document = malloc(document_size ? document_size : 1);
  memcpy(path_text, data, path_size);
  path_text[path_size] = 0;
  memcpy(document, line + 1, document_size);

  json_path path = {0};
  if (*path_text == 0 || json_path_parse(path_text, &path)) {
    json_view view;
    json_result found = json_find(document, document_size, &path, &view);
    if (found == JSON_FOUND) check_view(&view, document, document_size);
    if (path.count == 0) require(found != JSON_ABSENT);
    check_conversions(&path, document, document_size);
  }
  free(path_text);
  free(document);
  return 0;
}
