/* SPDX-License-Identifier: Apache-2.0
 *
 * The path extractor, on its own.
 */
#include <stdlib.h>

#include "check.h"
#include "../json/json.h"

/* The raw text at the path, "(absent)", "(broken)" or "(path)"; strings without their quotes. The
 * document is put in memory of just its size, so that a sanitizer sees a step beyond it. */
static const char *at(const char *path_text, const char *document) {
  static char result[256];
  json_path path = {0};
  if (*path_text && !json_path_parse(path_text, &path)) return "(path)";
  size_t size = strlen(document);
  char *copy = malloc(size ? size : 1);
  memcpy(copy, document, size);
  json_view view;
  json_result found = json_find(copy, size, &path, &view);
  if (found == JSON_FOUND) snprintf(result, sizeof result, "%.*s", (int)view.size, view.start);
  free(copy);
  return found == JSON_FOUND ? result : found == JSON_ABSENT ? "(absent)" : "(broken)";
}

TEST(json_finds_keys_and_indices) {
  const char *document = " {\"a\": {\"b\": [1, 2.5e3, {\"c\": \"x\", \"d.e\": null}]}, \"\": 7} ";
  CHECK_TEXT(at("a.b[0]", document), "1");
  CHECK_TEXT(at("a.b[1]", document), "2.5e3");
  CHECK_TEXT(at("a.b[2].c", document), "x");
  CHECK_TEXT(at("a.b[2][\"d.e\"]", document), "null");
  CHECK_TEXT(at("a['b'][2]['c']", document), "x");
  CHECK_TEXT(at("['']", document), "7");
  CHECK_TEXT(at("a.b[2]", document), "{\"c\": \"x\", \"d.e\": null}");
  CHECK_TEXT(at("[1][0]", "[1, [true]]"), "true");
  CHECK_TEXT(at("", " 21.5 "), "21.5");
}

TEST(json_tells_what_is_absent) {
  const char *document = "{\"a\": {\"b\": [1]}, \"ab\": 2}";
  CHECK_TEXT(at("a.c", document), "(absent)");
  CHECK_TEXT(at("a.b[1]", document), "(absent)");
  CHECK_TEXT(at("a.b.c", document), "(absent)");
  CHECK_TEXT(at("a[0]", document), "(absent)");
  CHECK_TEXT(at("b", document), "(absent)"); /* not within a */
  CHECK_TEXT(at("A", document), "(absent)");
  CHECK_TEXT(at("a", "17"), "(absent)");
}

TEST(json_takes_the_last_of_equal_keys) {
  CHECK_TEXT(at("a", "{\"a\": 1, \"a\": 2}"), "2");
  CHECK_TEXT(at("a.b", "{\"a\": {\"b\": 1}, \"a\": {\"c\": 2}}"), "(absent)");
}

TEST(json_compares_keys_by_what_they_mean) {
  CHECK_TEXT(at("ab", "{\"\\u0061b\": 1}"), "1");
  CHECK_TEXT(at("Grad Ä", "{\"Grad \\u00c4\": 1}"), "1");
  CHECK_TEXT(at("😀", "{\"\\ud83d\\ude00\": 1}"), "1");
  CHECK_TEXT(at("a", "{\"ab\": 1, \"\": 2}"), "(absent)");
}

TEST(json_paths_are_checked) {
  static const char *const bad[] = {".",
                                    "a.",
                                    ".a",
                                    "a..b",
                                    "a[",
                                    "a[]",
                                    "a[x]",
                                    "a]",
                                    "[1",
                                    "[-1]",
                                    "a[1]b",
                                    "[\"a]",
                                    "[\"a\"b",
                                    "a.[0]",
                                    "[1 ]",
                                    "[9999999999]",
                                    "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) CHECK_TEXT(at(bad[i], "{}"), "(path)");
  CHECK_TEXT(at("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p", "{}"), "(absent)");
  CHECK_TEXT(at("[999999999]", "[]"), "(absent)");
  json_path path;
  CHECK(!json_path_parse("", &path));
}

TEST(json_refuses_what_is_not_json) {
  static const char *const broken[] = {"",
                                       " ",
                                       "{",
                                       "}",
                                       "{\"a\":1",
                                       "{\"a\" 1}",
                                       "{\"a\":}",
                                       "{a:1}",
                                       "{'a':1}",
                                       "{\"a\":1,}",
                                       "{,}",
                                       "[1,]",
                                       "[1 2]",
                                       "[",
                                       "[1",
                                       "]",
                                       "1 2",
                                       "{} x",
                                       "tru",
                                       "True",
                                       "nul",
                                       "nan",
                                       "Infinity",
                                       "01",
                                       "-",
                                       "+1",
                                       ".5",
                                       "1.",
                                       "1e",
                                       "1e+",
                                       "0x10",
                                       "--1",
                                       "\"",
                                       "\"a",
                                       "\"\\x\"",
                                       "\"\\u12\"",
                                       "\"\\u12g4\"",
                                       "\"\\ud800\"",
                                       "\"\\udc00\"",
                                       "\"\\ud800\\u0041\"",
                                       "\"\t\"",
                                       "\"\n\"",
                                       "\"\xff\"",
                                       "\"\xc0\x80\"",
                                       "\"\xed\xa0\x80\"",
                                       "\"\xe2\x82\"",
                                       "\"\xf5\x80\x80\x80\"",
                                       "\xef\xbb\xbf{}"};
  for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
    if (!check_equal_text(at("", broken[i]), "(broken)", __FILE__, __LINE__))
      printf("  in '%s'\n", broken[i]);
  /* Also when the value was found before the fault. */
  CHECK_TEXT(at("a", "{\"a\": 1, \"b\": 01}"), "(broken)");
  CHECK_TEXT(at("a", "{\"a\": 1} {"), "(broken)");
}

TEST(json_takes_what_is_json) {
  static const char *const good[] = {"0",        "-0",
                                     "1E5",      "1.0e-5",
                                     "true",     "false",
                                     "null",     "\"\"",
                                     "[]",       "{}",
                                     "[ ]",      "{ }",
                                     "[[],{}]",  "\"\\/\\b\\f\\n\\r\\t\"",
                                     "\"\x7f\"", "\"\xf4\x8f\xbf\xbf\""};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    CHECK(strcmp(at("", good[i]), "(broken)") != 0);
}

TEST(json_bounds_depth) {
  char document[2 * JSON_DEPTH_MAX + 8];
  for (int depth = JSON_DEPTH_MAX - 1; depth <= JSON_DEPTH_MAX; depth++) {
    memset(document, '[', (size_t)depth);
    memset(document + depth, ']', (size_t)depth);
    document[2 * depth] = 0;
    /* The innermost array is empty, so `depth` values are within each other. */
    CHECK(strcmp(at("[9]", document), "(absent)") == 0);
  }
  memset(document, '[', JSON_DEPTH_MAX + 1);
  memset(document + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
  document[2 * JSON_DEPTH_MAX + 2] = 0;
  CHECK_TEXT(at("[9]", document), "(broken)");
}

TEST(json_resolves_escapes) {
  json_path path;
  json_view view;
  const char *document =
      "{\"s\": \"a\\\"\\\\\\/\\n\\u00e4\\u20ac\\ud83d\\ude00 \xc3\xa4\\u0000z\"}";
  CHECK(json_path_parse("s", &path));
  CHECK_INT(json_find(document, strlen(document), &path, &view), JSON_FOUND);
  CHECK_INT(view.kind, JSON_STRING);
  char *out = malloc(view.size);
  size_t size = json_unescape(&view, out);
  static const char expected[] = "a\"\\/\nä€😀 ä\0z";
  CHECK_INT(size, sizeof expected - 1);
  CHECK(memcmp(out, expected, sizeof expected - 1) == 0);
  CHECK(json_is_utf8(out, size));
  free(out);
}
