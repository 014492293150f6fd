/* SPDX-License-Identifier: Apache-2.0
 *
 * The line decoder and the messages, without a program.
 */
#include <stdlib.h>

#include "exec.h"
#include "rig.h"

static char seen[512];

static void note(void *context, const char *text, size_t size) {
  (void)context;
  size_t used = strlen(seen);
  if (text)
    snprintf(seen + used, sizeof seen - used, "[%.*s]", (int)size, text);
  else
    snprintf(seen + used, sizeof seen - used, "<%zu>", size);
}

static const char *lines_of(const char *text, size_t part, size_t limit) {
  line_buffer lines = {.limit = limit};
  seen[0] = 0;
  for (size_t at = 0, size = strlen(text); at < size; at += part) {
    /* A copy of just its size, so that a sanitizer sees each byte beyond it. */
    size_t length = size - at < part ? size - at : part;
    char *copy = malloc(length);
    memcpy(copy, text + at, length);
    lines_feed(&lines, copy, length, note, NULL);
    free(copy);
  }
  lines_end(&lines, note, NULL);
  lines_free(&lines);
  return seen;
}

TEST(lines_are_cut_wherever_the_pieces_end) {
  for (size_t part = 1; part <= 12; part++) {
    CHECK_TEXT(lines_of("one\ntwo\r\n\n\r\nthree", part, 100), "[one][two][three]");
    CHECK_TEXT(lines_of("", part, 100), "");
    CHECK_TEXT(lines_of("\n\n", part, 100), "");
  }
}

TEST(a_line_beyond_the_limit_is_left_out_and_the_next_is_whole) {
  for (size_t part = 1; part <= 20; part++) {
    CHECK_TEXT(lines_of("1234\n12345\nab\n123456789", part, 4), "[1234]<5>[ab]<9>");
    CHECK_TEXT(lines_of("12345\r\n1\n", part, 4), "<6>[1]");
  }
}

static bool parse(const char *line, exec_message *message) {
  const char *why;
  bool good = message_parse(line, strlen(line), message, &why);
  CHECK(good == (why == NULL));
  snprintf(seen, sizeof seen, "%s", why ? why : "");
  return good;
}

TEST(messages_say_what_they_say) {
  exec_message message;
  char text[32];
  CHECK(convert_prepare());
  CHECK(parse("{\"id\":7,\"ok\":false,\"error\":\"a\\nb\",\"status\":\"denied\"}", &message));
  CHECK(message.has_id && message.is_failure);
  CHECK_INT(message.id, 7);
  CHECK_INT(message.status, MAPPER_DENIED);
  message_text(&message.error, text, sizeof text);
  CHECK_TEXT(text, "a b");
  CHECK(parse("{\"values\":{},\"quality\":\"uncertain\",\"time\":1700000000123,\"x\":[{}]}",
              &message));
  CHECK_INT(message.quality, MAPPER_UNCERTAIN);
  CHECK_INT(message.source_ns, 1700000000123000000);
  CHECK_INT(message.status, MAPPER_PROTOCOL);
  CHECK(parse("{\"time\":1700000000123.5}", &message));
  CHECK_INT(message.source_ns / 100000, 17000000001235);
  CHECK(parse("{\"link\":\"degraded\",\"reason\":\"\\u00e4\"}", &message));
  CHECK_INT(message.link, MAPPER_LINK_DEGRADED);
  CHECK(parse("{\"log\":\"x\",\"level\":\"debug\"}", &message));
  CHECK_INT(message.level, MAPPER_LOG_DEBUG);
  CHECK(parse("{}", &message));
  convert_finish();
}

TEST(messages_that_are_none_are_named) {
  static const char *const bad[][2] = {
      {"", "it is no JSON object"},
      {"[1]", "it is no JSON object"},
      {"{\"id\":1", "it is no JSON object"},
      {"{\"id\":1} {}", "it is no JSON object"},
      {"{\"id\":-1}", "\"id\" is no whole number"},
      {"{\"id\":\"1\"}", "\"id\" is no whole number"},
      {"{\"id\":1.5}", "\"id\" is no whole number"},
      {"{\"id\":99999999999999999999}", "\"id\" is no whole number"},
      {"{\"ok\":1}", "\"ok\" is neither true nor false"},
      {"{\"values\":[]}", "\"values\" is no object"},
      {"{\"failed\":\"a\"}", "\"failed\" is no object of texts"},
      {"{\"time\":-5}", "\"time\" is no time in milliseconds since 1970"},
      {"{\"time\":1e300}", "\"time\" is no time in milliseconds since 1970"},
      {"{\"time\":9223372036855}", "\"time\" is no time in milliseconds since 1970"},
      {"{\"quality\":\"best\"}", "\"quality\" is none of good, uncertain, bad"},
      {"{\"link\":true}", "\"link\" is none of up, down, degraded"},
      {"{\"level\":\"trace\"}", "\"level\" is none of error, warning, info, debug"},
      {"{\"error\":null}", "\"error\" is no text"},
      {"{\"log\":{}}", "\"log\" is no text"},
  };
  exec_message message;
  CHECK(convert_prepare());
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    CHECK(!parse(bad[i][0], &message));
    CHECK_TEXT(seen, bad[i][1]);
  }
  convert_finish();
}

TEST(an_excerpt_ends_at_a_whole_character) {
  char text[6];
  message_excerpt("abcdäx", 7, text, sizeof text);
  CHECK_TEXT(text, "abcd");
  message_excerpt("a\tb\x7f", 4, text, sizeof text);
  CHECK_TEXT(text, "a b ");
  message_excerpt("a\xff\xfe", 3, text, sizeof text);
  CHECK_TEXT(text, "a??");
}

static const char *split(const char *text) {
  word_list words = {0};
  const char *why = "";
  bool good = words_split(&words, text, &why);
  seen[0] = 0;
  for (size_t i = 0; i < words.count && good; i++)
    note(NULL, words.items[i], strlen(words.items[i]));
  if (!good) snprintf(seen, sizeof seen, "%s", why);
  words_free(&words);
  return seen;
}

TEST(commands_are_split_at_spaces_outside_of_quotes) {
  CHECK_TEXT(split("  python3  /opt/x.py -v "), "[python3][/opt/x.py][-v]");
  CHECK_TEXT(split("a 'b c' \"d e\"f ''"), "[a][b c][d ef][]");
  CHECK_TEXT(split("a\\ b 'c\\d' \"e\\\"f\\g\""), "[a b][c\\d][e\"f\\g]");
  CHECK_TEXT(split("a $HOME *;|"), "[a][$HOME][*;|]"); /* no shell */
  CHECK_TEXT(split("a 'b"), "a quote that does not end");
  CHECK_TEXT(split(" "), "empty");
}
