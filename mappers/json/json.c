/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include <string.h>

#define OFF_PATH UINT32_MAX

typedef struct scanner {
  const char *at, *end;
  const json_path *path;
  json_view *found;
  bool has_found;
} scanner;

/* ---- path --------------------------------------------------------------------------------- */

/* What stands between brackets: an index, or a key in quotes. Returns what follows the bracket, or
 * null. */
static const char *parse_bracket(const char *at, json_step *step) {
  if (*at == '"' || *at == '\'') {
    const char *end = strchr(at + 1, *at);
    if (!end || end[1] != ']') return NULL;
    step->key = at + 1;
    step->key_size = (size_t)(end - at - 1);
    return end + 2;
  }
  uint32_t index = 0;
  const char *first = at;
  for (; *at >= '0' && *at <= '9'; at++) {
    index = index * 10 + (uint32_t)(*at - '0');
    if (at - first > 8) return NULL;
  }
  if (at == first || *at != ']') return NULL;
  step->key = NULL;
  step->index = index;
  return at + 1;
}

bool json_path_parse(const char *text, json_path *path) {
  *path = (json_path){0};
  const char *at = text;
  while (*at) {
    if (path->count == JSON_STEPS_MAX) return false;
    json_step *step = &path->steps[path->count];
    if (*at == '[') {
      at = parse_bracket(at + 1, step);
      if (!at) return false;
    } else {
      if (path->count > 0) {
        if (*at != '.') return false;
        at++;
      }
      size_t size = strcspn(at, ".[]");
      if (size == 0 || at[size] == ']') return false;
      step->key = at;
      step->key_size = size;
      at += size;
    }
    path->count++;
  }
  return path->count > 0;
}

/* ---- characters --------------------------------------------------------------------------- */

/* Length of the UTF-8 sequence at `at`, or 0 when it is none (overlong, surrogate, cut off). */
static size_t utf8_length(const uint8_t *at, const uint8_t *end) {
  size_t left = (size_t)(end - at);
  if (at[0] < 0x80) return 1;
  size_t length = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
  if (at[0] < 0xc2 || at[0] > 0xf4 || left < length) return 0;
  uint8_t low = 0x80, high = 0xbf;
  if (at[0] == 0xe0) low = 0xa0;
  if (at[0] == 0xed) high = 0x9f;
  if (at[0] == 0xf0) low = 0x90;
  if (at[0] == 0xf4) high = 0x8f;
  if (at[1] < low || at[1] > high) return 0;
  for (size_t i = 2; i < length; i++)
    if (at[i] < 0x80 || at[i] > 0xbf) return 0;
  return length;
}

bool json_is_utf8(const char *text, size_t size) {
  const uint8_t *at = (const uint8_t *)text, *end = at + size;
  while (at < end) {
    size_t length = utf8_length(at, end);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

static size_t encode_utf8(uint32_t code, char out[4]) {
  if (code < 0x80) {
    out[0] = (char)code;
    return 1;
  }
  if (code < 0x800) {
    out[0] = (char)(0xc0 | code >> 6);
    out[1] = (char)(0x80 | (code & 0x3f));
    return 2;
  }
  if (code < 0x10000) {
    out[0] = (char)(0xe0 | code >> 12);
    out[1] = (char)(0x80 | (code >> 6 & 0x3f));
    out[2] = (char)(0x80 | (code & 0x3f));
    return 3;
  }
  out[0] = (char)(0xf0 | code >> 18);
  out[1] = (char)(0x80 | (code >> 12 & 0x3f));
  out[2] = (char)(0x80 | (code >> 6 & 0x3f));
  out[3] = (char)(0x80 | (code & 0x3f));
  return 4;
}

static bool parse_hex4(const char **at, const char *end, uint32_t *code) {
  if (end - *at < 4) return false;
  *code = 0;
  for (int i = 0; i < 4; i++) {
    char c = *(*at)++;
    uint32_t digit;
    if (c >= '0' && c <= '9')
      digit = (uint32_t)(c - '0');
    else if (c >= 'a' && c <= 'f')
      digit = (uint32_t)(c - 'a') + 10;
    else if (c >= 'A' && c <= 'F')
      digit = (uint32_t)(c - 'A') + 10;
    else
      return false;
    *code = *code << 4 | digit;
  }
  return true;
}

/* The code after \u; `at` is behind the u. A high surrogate needs its low one. */
static bool parse_unicode(const char **at, const char *end, uint32_t *code) {
  if (!parse_hex4(at, end, code)) return false;
  if (*code < 0xd800 || *code > 0xdfff) return true;
  uint32_t low;
  if (*code > 0xdbff || end - *at < 2 || (*at)[0] != '\\' || (*at)[1] != 'u') return false;
  *at += 2;
  if (!parse_hex4(at, end, &low) || low < 0xdc00 || low > 0xdfff) return false;
  *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
  return true;
}

/* Decodes one character of a string, which is not its closing quote. Returns its length in `out`,
 * or 0 when it is none. */
static size_t next_character(const char **at, const char *end, char out[4]) {
  uint8_t first = (uint8_t) * *at;
  if (first < 0x20) return 0;
  if (first != '\\') {
    size_t length = utf8_length((const uint8_t *)*at, (const uint8_t *)end);
    memcpy(out, *at, length);
    *at += length;
    return length;
  }
  if (end - *at < 2) return 0;
  char escape = (*at)[1];
  *at += 2;
  if (escape == 'u') {
    uint32_t code;
    return parse_unicode(at, end, &code) ? encode_utf8(code, out) : 0;
  }
  static const char names[] = "\"\\/bfnrt", codes[] = "\"\\/\b\f\n\r\t";
  const char *name = escape ? strchr(names, escape) : NULL;
  if (!name) return 0;
  out[0] = codes[name - names];
  return 1;
}

size_t json_unescape(const json_view *view, char *out) {
  const char *at = view->start, *end = view->start + view->size;
  size_t size = 0;
  while (at < end) {
    char character[4];
    size_t length = next_character(&at, end, character);
    if (length == 0) break;
    memcpy(out + size, character, length);
    size += length;
  }
  return size;
}

/* ---- values ------------------------------------------------------------------------------- */

static void skip_space(scanner *scan) {
  while (scan->at < scan->end &&
         (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\n' || *scan->at == '\r'))
    scan->at++;
}

static bool take(scanner *scan, char expected) {
  if (scan->at == scan->end || *scan->at != expected) return false;
  scan->at++;
  return true;
}

static const char *skip_digits(const char *at, const char *end) {
  while (at < end && *at >= '0' && *at <= '9') at++;
  return at;
}

/* The end of the JSON number at `at`, or null. */
static const char *skip_number(const char *at, const char *end) {
  if (at < end && *at == '-') at++;
  const char *digits = at;
  at = skip_digits(at, end);
  if (at == digits || (*digits == '0' && at - digits > 1)) return NULL;
  if (at < end && *at == '.') {
    digits = ++at;
    at = skip_digits(at, end);
    if (at == digits) return NULL;
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    at++;
    if (at < end && (*at == '+' || *at == '-')) at++;
    digits = at;
    at = skip_digits(at, end);
    if (at == digits) return NULL;
  }
  return at;
}

bool json_is_number(const char *text, size_t size) {
  return size > 0 && skip_number(text, text + size) == text + size;
}

/* Scans a string from its opening quote to behind its closing one, and says whether it equals
 * `key`, if there is one. */
static bool scan_string(scanner *scan, const char *key, size_t key_size, bool *equal) {
  size_t matched = 0;
  bool same = key != NULL;
  if (!take(scan, '"')) return false;
  while (scan->at < scan->end && *scan->at != '"') {
    char character[4];
    size_t length = next_character(&scan->at, scan->end, character);
    if (length == 0) return false;
    same = same && key_size - matched >= length && memcmp(key + matched, character, length) == 0;
    if (same) matched += length;
  }
  if (equal) *equal = same && matched == key_size;
  return take(scan, '"');
}

static bool scan_word(scanner *scan, const char *word) {
  size_t size = strlen(word);
  if ((size_t)(scan->end - scan->at) < size || memcmp(scan->at, word, size) != 0) return false;
  scan->at += size;
  return true;
}

static bool scan_value(scanner *scan, uint32_t depth, uint32_t step);

static bool scan_object(scanner *scan, uint32_t depth, uint32_t step) {
  const json_step *wanted = step < scan->path->count ? &scan->path->steps[step] : NULL;
  const char *key = wanted ? wanted->key : NULL;
  scan->at++;
  skip_space(scan);
  if (take(scan, '}')) return true;
  for (;;) {
    bool equal = false;
    skip_space(scan);
    if (!scan_string(scan, key, key ? wanted->key_size : 0, &equal)) return false;
    skip_space(scan);
    if (!take(scan, ':')) return false;
    if (equal) scan->has_found = false; /* an earlier one of the same name does not count */
    if (!scan_value(scan, depth, equal ? step + 1 : OFF_PATH)) return false;
    skip_space(scan);
    if (take(scan, '}')) return true;
    if (!take(scan, ',')) return false;
  }
}

static bool scan_array(scanner *scan, uint32_t depth, uint32_t step) {
  const json_step *wanted = step < scan->path->count ? &scan->path->steps[step] : NULL;
  bool by_index = wanted && !wanted->key;
  scan->at++;
  skip_space(scan);
  if (take(scan, ']')) return true;
  for (uint32_t index = 0;; index++) {
    bool equal = by_index && index == wanted->index;
    if (!scan_value(scan, depth, equal ? step + 1 : OFF_PATH)) return false;
    skip_space(scan);
    if (take(scan, ']')) return true;
    if (!take(scan, ',')) return false;
  }
}

/* Scans a value that is `step` steps down the path, or off it. */
static bool scan_value(scanner *scan, uint32_t depth, uint32_t step) {
  if (depth == JSON_DEPTH_MAX) return false;
  skip_space(scan);
  if (scan->at == scan->end) return false;
  json_view view = {.start = scan->at};
  bool good;
  switch (*scan->at) {
  case '{':
    view.kind = JSON_OBJECT;
    good = scan_object(scan, depth + 1, step);
    break;
  case '[':
    view.kind = JSON_ARRAY;
    good = scan_array(scan, depth + 1, step);
    break;
  case '"':
    view.kind = JSON_STRING;
    good = scan_string(scan, NULL, 0, NULL);
    break;
  case 't':
    view.kind = JSON_TRUE;
    good = scan_word(scan, "true");
    break;
  case 'f':
    view.kind = JSON_FALSE;
    good = scan_word(scan, "false");
    break;
  case 'n':
    view.kind = JSON_NULL;
    good = scan_word(scan, "null");
    break;
  default:
    view.kind = JSON_NUMBER;
    scan->at = skip_number(scan->at, scan->end);
    good = scan->at != NULL;
  }
  if (!good) return false;
  view.size = (size_t)(scan->at - view.start);
  if (view.kind == JSON_STRING) {
    view.start++;
    view.size -= 2;
  }
  if (step == scan->path->count) {
    *scan->found = view;
    scan->has_found = true;
  }
  return true;
}

json_result json_find(const char *text, size_t size, const json_path *path, json_view *found) {
  scanner scan = {.at = text, .end = text + size, .path = path, .found = found};
  if (size == 0 || !scan_value(&scan, 0, 0)) return JSON_BROKEN;
  skip_space(&scan);
  if (scan.at != scan.end) return JSON_BROKEN;
  return scan.has_found ? JSON_FOUND : JSON_ABSENT;
}

/* ---- members ------------------------------------------------------------------------------ */

json_cursor json_begin(const json_view *container) {
  bool has_members = container->kind == JSON_OBJECT || container->kind == JSON_ARRAY;
  const char *end = container->start + container->size;
  return (json_cursor){.at = has_members ? container->start + 1 : end,
                       .end = end,
                       .has_keys = container->kind == JSON_OBJECT};
}

bool json_next(json_cursor *cursor, json_view *key, json_view *value) {
  static const json_path whole = {0};
  scanner scan = {.at = cursor->at, .end = cursor->end, .path = &whole, .found = value};
  skip_space(&scan);
  take(&scan, ',');
  skip_space(&scan);
  *key = (json_view){.kind = JSON_NULL};
  if (cursor->has_keys) {
    *key = (json_view){.kind = JSON_STRING, .start = scan.at + 1};
    if (!scan_string(&scan, NULL, 0, NULL)) return false;
    key->size = (size_t)(scan.at - key->start) - 1;
    skip_space(&scan);
    if (!take(&scan, ':')) return false;
  }
  if (!scan_value(&scan, 0, 0)) return false;
  cursor->at = scan.at;
  return true;
}

bool json_equals(const json_view *string, const char *text) {
  if (string->kind != JSON_STRING) return false;
  size_t size = strlen(text);
  scanner scan = {.at = string->start - 1, .end = string->start + string->size + 1};
  bool equal = false;
  return scan_string(&scan, text, size, &equal) && equal;
}
