/* SPDX-License-Identifier: Apache-2.0
 *
 * libFuzzer: lines of topic filters, the last one a topic. The tree must find exactly the filters
 * that match one by one, and be empty when all are taken out.
 */
#include <stdlib.h>
#include <string.h>

#include "topics.h"

enum { FILTERS_MAX = 32 };

static void require(int holds) {
  if (!holds) abort();
}

/* The rule, written down plainly. */
static bool matches(const char *filter, const char *topic, bool is_first) {
  bool is_hidden = is_first && *topic == '$';
  for (;; is_hidden = false) {
    size_t wanted = strcspn(filter, "/"), given = strcspn(topic, "/");
    if (wanted == 1 && *filter == '#') return !is_hidden;
    bool is_plus = wanted == 1 && *filter == '+';
    if (is_plus ? is_hidden : wanted != given || memcmp(filter, topic, given) != 0) return false;
    bool more = filter[wanted] != 0, left = topic[given] != 0;
    if (!left) return !more || strcmp(filter + wanted, "/#") == 0;
    if (!more) return false;
    filter += wanted + 1;
    topic += given + 1;
  }
}

/* As libmosquitto checks filters before they come here; topics have no wildcards. */
static bool is_usable(const char *text, bool is_filter) {
  for (const char *at = text; *at; at++) {
    bool is_wild = *at == '+' || *at == '#';
    bool is_alone = (at == text || at[-1] == '/') && (at[1] == 0 || (*at == '+' && at[1] == '/'));
    if (is_wild && (!is_filter || !is_alone)) return false;
  }
  return *text != 0;
}

static void take(mqtt_filter *filter, void *context) {
  (void)filter;
  ++*(uint32_t *)context;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *text = malloc(size + 1), *lines[FILTERS_MAX];
  int count = 0;
  memcpy(text, data, size);
  text[size] = 0;
  for (char *line = strtok(text, "\n"); line && count < FILTERS_MAX; line = strtok(NULL, "\n"))
    lines[count++] = line;
  const char *topic = count > 0 ? lines[--count] : "";
  topic_tree tree = {.capacity = 0};
  mqtt_filter *filters[FILTERS_MAX];
  uint32_t found = 0, expected = 0;
  for (int i = 0; i < count; i++) {
    filters[i] = is_usable(lines[i], true) ? topics_add(&tree, lines[i]) : NULL;
    if (!filters[i]) continue;
    char *again = topics_text(filters[i]);
    require(again && strcmp(again, lines[i]) == 0);
    free(again);
    expected += !filters[i]->watches && matches(lines[i], topic, true);
    filters[i]->watches = (mqtt_watch *)(uintptr_t)1;
  }
  if (is_usable(topic, false)) {
    topics_match(&tree, topic, take, &found);
    require(found == expected);
  }
  for (int i = 0; i < count; i++) {
    if (!filters[i] || !filters[i]->watches) continue;
    filters[i]->watches = NULL;
    mqtt_filter *gone = filters[i];
    for (int j = 0; j < count; j++)
      if (filters[j] == gone) filters[j] = NULL;
    topics_prune(&tree, gone);
  }
  require(tree.count == 0);
  topics_free(&tree);
  free(text);
  return 0;
}
