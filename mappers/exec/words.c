/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of texts: commands and environments.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>

#include "exec.h"

#define WORDS_MAX 1024

bool words_add(word_list *words, char *text) {
  char **items = text ? realloc(words->items, (words->count + 2) * sizeof *items) : NULL;
  if (!items) {
    free(text);
    return false;
  }
  words->items = items;
  items[words->count++] = text;
  items[words->count] = NULL;
  return true;
}

void words_free(word_list *words) {
  for (size_t i = 0; i < words->count; i++) free(words->items[i]);
  free(words->items);
  *words = (word_list){0};
}

char *words_variable(const word_list *variables, const char *name, size_t size) {
  for (size_t i = 0; i < variables->count; i++)
    if (strncmp(variables->items[i], name, size) == 0 && variables->items[i][size] == '=')
      return variables->items[i];
  return NULL;
}

static bool is_space_of_words(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/* One word from *at on, unquoted into `out`. False when a quote does not end. */
static bool take_word(const char **at, char *out) {
  char quote = 0;
  for (; **at && (quote || !is_space_of_words(**at)); (*at)++) {
    char c = **at;
    if (quote && c == quote) {
      quote = 0;
    } else if (!quote && (c == '"' || c == '\'')) {
      quote = c;
    } else {
      /* In double quotes a backslash is itself, but before a quote or another backslash. */
      bool escapes =
          c == '\\' && quote != '\'' && (*at)[1] && (!quote || (*at)[1] == '"' || (*at)[1] == '\\');
      if (escapes) (*at)++;
      *out++ = **at;
    }
  }
  *out = 0;
  return quote == 0;
}

bool words_split(word_list *words, const char *text, const char **why) {
  char *word = malloc(strlen(text) + 1);
  bool good = word != NULL;
  *why = "no memory";
  while (good) {
    while (is_space_of_words(*text)) text++;
    if (!*text) break;
    if (words->count == WORDS_MAX) {
      *why = "more than 1024 words";
      good = false;
    } else if (!take_word(&text, word)) {
      *why = "a quote that does not end";
      good = false;
    } else {
      good = words_add(words, strdup(word));
    }
  }
  free(word);
  if (good && words->count == 0) *why = "empty";
  return good && words->count > 0;
}

/* A string of JSON, from malloc; null when it holds a NUL. */
static char *text_of_json(const json_view *view) {
  char *text = malloc(view->size + 1);
  if (!text) return NULL;
  size_t size = json_unescape(view, text);
  text[size] = 0;
  if (!memchr(text, 0, size)) return text;
  free(text);
  return NULL;
}

bool words_of_json(word_list *words, const char *json, size_t size, const char **why) {
  static const json_path whole = {0};
  json_view root, key, value;
  *why = "no list of texts";
  if (json_find(json, size, &whole, &root) != JSON_FOUND || root.kind != JSON_ARRAY) return false;
  json_cursor cursor = json_begin(&root);
  while (json_next(&cursor, &key, &value)) {
    if (value.kind != JSON_STRING || words->count == WORDS_MAX) return false;
    if (!words_add(words, text_of_json(&value))) return false;
  }
  *why = "empty";
  return words->count > 0 && words->items[0][0];
}
