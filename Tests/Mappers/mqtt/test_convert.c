/* SPDX-License-Identifier: Apache-2.0
 *
 * Payloads and values, both ways, without a broker.
 */
#include <locale.h>
#include <stdlib.h>

#include "check.h"
#include "../json/convert.h"
#include "mapper/helpers.h"

static mapper_status payload_value(mapper_type type, const char *path, const char *payload,
                                   mapper_value *value, buffer *room) {
  conversion how = {.type = type};
  const char *why;
  if (path && !json_path_parse(path, &how.path)) return MAPPER_INTERNAL;
  return convert_payload(&how, payload, strlen(payload), value, room, &why);
}

typedef struct number_case {
  mapper_type type;
  const char *path, *payload;
  mapper_status status;
  double number;
} number_case;

TEST(numbers_and_booleans_convert) {
  static const number_case cases[] = {
      {MAPPER_TYPE_I64, NULL, "21", MAPPER_OK, 21},
      {MAPPER_TYPE_I64, NULL, " -21\n", MAPPER_OK, -21},
      {MAPPER_TYPE_I64, NULL, "+21", MAPPER_OK, 21},
      {MAPPER_TYPE_I64, NULL, "21.0", MAPPER_OK, 21},
      {MAPPER_TYPE_I64, NULL, "2.1e1", MAPPER_OK, 21},
      {MAPPER_TYPE_I64, NULL, "21.5", MAPPER_TYPE, 0},
      {MAPPER_TYPE_I64, NULL, "21 C", MAPPER_TYPE, 0},
      {MAPPER_TYPE_I64, NULL, "", MAPPER_TYPE, 0},
      {MAPPER_TYPE_I64, NULL, "+", MAPPER_TYPE, 0},
      {MAPPER_TYPE_I64, NULL, "0x10", MAPPER_TYPE, 0},
      {MAPPER_TYPE_I64, NULL, "true", MAPPER_TYPE, 0},
      {MAPPER_TYPE_I64, "a", "{\"a\": true}", MAPPER_OK, 1},
      {MAPPER_TYPE_I64, "a", "{\"a\": \"7\"}", MAPPER_OK, 7},
      {MAPPER_TYPE_I64, "a", "{\"a\": null}", MAPPER_TYPE, 0},
      {MAPPER_TYPE_I64, "a", "{\"a\": [1]}", MAPPER_TYPE, 0},
      {MAPPER_TYPE_I64, "a", "{\"b\": 1}", MAPPER_NOT_FOUND, 0},
      {MAPPER_TYPE_I64, "a", "{\"a\": 1", MAPPER_TYPE, 0},
      {MAPPER_TYPE_I64, "a", "1", MAPPER_NOT_FOUND, 0},
      {MAPPER_TYPE_F64, NULL, "21.5", MAPPER_OK, 21.5},
      {MAPPER_TYPE_F64, NULL, "1e400", MAPPER_TYPE, 0},
      {MAPPER_TYPE_F64, NULL, "nan", MAPPER_TYPE, 0},
      {MAPPER_TYPE_F64, NULL, "inf", MAPPER_TYPE, 0},
      {MAPPER_TYPE_F64, NULL, "21,5", MAPPER_TYPE, 0},
      {MAPPER_TYPE_F64, "a", "{\"a\": 0.1}", MAPPER_OK, 0.1},
      {MAPPER_TYPE_F64, "a", "{\"a\": false}", MAPPER_OK, 0},
      {MAPPER_TYPE_F32, NULL, "0.1", MAPPER_OK, (double)0.1f},
      {MAPPER_TYPE_F32, NULL, "1e39", MAPPER_TYPE, 0},
      {MAPPER_TYPE_BOOL, NULL, "ON", MAPPER_OK, 1},
      {MAPPER_TYPE_BOOL, NULL, "off", MAPPER_OK, 0},
      {MAPPER_TYPE_BOOL, NULL, "True", MAPPER_OK, 1},
      {MAPPER_TYPE_BOOL, NULL, "false", MAPPER_OK, 0},
      {MAPPER_TYPE_BOOL, NULL, "1", MAPPER_OK, 1},
      {MAPPER_TYPE_BOOL, NULL, "0", MAPPER_OK, 0},
      {MAPPER_TYPE_BOOL, NULL, "2", MAPPER_TYPE, 0},
      {MAPPER_TYPE_BOOL, NULL, "yes", MAPPER_TYPE, 0},
      {MAPPER_TYPE_BOOL, "a", "{\"a\": true}", MAPPER_OK, 1},
      {MAPPER_TYPE_BOOL, "a", "{\"a\": 0}", MAPPER_OK, 0},
      {MAPPER_TYPE_BOOL, "a", "{\"a\": \"ON\"}", MAPPER_OK, 1},
      {MAPPER_TYPE_BOOL, "a", "{\"a\": {}}", MAPPER_TYPE, 0},
      {MAPPER_TYPE_NONE, "a", "{\"a\": 5}", MAPPER_OK, 5},
      {MAPPER_TYPE_NONE, "a", "{\"a\": true}", MAPPER_OK, 1},
  };
  buffer room = {0};
  CHECK(convert_prepare());
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    mapper_value value = {0};
    mapper_status status =
        payload_value(cases[i].type, cases[i].path, cases[i].payload, &value, &room);
    bool is_float = value.type == MAPPER_TYPE_F32 || value.type == MAPPER_TYPE_F64;
    double number = is_float ? value.f64 : (double)value.i64;
    bool good = CHECK_INT(status, cases[i].status);
    if (status == MAPPER_OK) good = CHECK_DOUBLE(number, cases[i].number) && good;
    if (status == MAPPER_OK && cases[i].type) good = CHECK_INT(value.type, cases[i].type) && good;
    if (!good) printf("  in type %d, '%s'\n", cases[i].type, cases[i].payload);
  }
  buffer_free(&room);
  convert_finish();
}

TEST(integers_are_exact_to_their_ends) {
  static const struct {
    mapper_type type;
    const char *lowest, *below, *highest, *above;
  } cases[] = {
      {MAPPER_TYPE_I8, "-128", "-129", "127", "128"},
      {MAPPER_TYPE_U8, "-0", "-1", "255", "256"},
      {MAPPER_TYPE_I16, "-32768", "-32769", "32767", "32768"},
      {MAPPER_TYPE_U16, "0", "-1", "65535", "65536"},
      {MAPPER_TYPE_I32, "-2147483648", "-2147483649", "2147483647", "2147483648"},
      {MAPPER_TYPE_U32, "0", "-1", "4294967295", "4294967296"},
      {MAPPER_TYPE_I64, "-9223372036854775808", "-9223372036854775809", "9223372036854775807",
       "9223372036854775808"},
      {MAPPER_TYPE_U64, "0", "-1", "18446744073709551615", "18446744073709551616"},
  };
  buffer room = {0};
  CHECK(convert_prepare());
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    mapper_value value = {0};
    CHECK_INT(payload_value(cases[i].type, NULL, cases[i].lowest, &value, &room), MAPPER_OK);
    CHECK_INT(value.i64, strtoll(cases[i].lowest, NULL, 10));
    CHECK_INT(payload_value(cases[i].type, NULL, cases[i].highest, &value, &room), MAPPER_OK);
    CHECK(value.u64 == strtoull(cases[i].highest, NULL, 10));
    CHECK_INT(payload_value(cases[i].type, NULL, cases[i].below, &value, &room), MAPPER_TYPE);
    CHECK_INT(payload_value(cases[i].type, NULL, cases[i].above, &value, &room), MAPPER_TYPE);
  }
  buffer_free(&room);
  convert_finish();
}

TEST(texts_and_bytes_convert) {
  static const struct {
    mapper_type type;
    const char *path, *payload, *text; /* null: TYPE */
  } cases[] = {
      {MAPPER_TYPE_TEXT, NULL, " as it is \n", " as it is \n"},
      {MAPPER_TYPE_TEXT, NULL, "", ""},
      {MAPPER_TYPE_TEXT, NULL, "\xff", NULL},
      {MAPPER_TYPE_BYTES, NULL, "\xff\x01", "\xff\x01"},
      {MAPPER_TYPE_TEXT, "a", "{\"a\": \"x\\u00e4\"}", "xä"},
      {MAPPER_TYPE_TEXT, "a", "{\"a\": 1.50}", "1.50"},
      {MAPPER_TYPE_TEXT, "a", "{\"a\": true}", "true"},
      {MAPPER_TYPE_TEXT, "a", "{\"a\": {\"b\": 1}}", "{\"b\": 1}"},
      {MAPPER_TYPE_TEXT, "a", "{\"a\": null}", NULL},
      {MAPPER_TYPE_BYTES, "a", "{\"a\": \"x\"}", "x"},
      {MAPPER_TYPE_NONE, NULL, "21", "21"},
      {MAPPER_TYPE_NONE, "a", "{\"a\": \"x\"}", "x"},
  };
  buffer room = {0};
  CHECK(convert_prepare());
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    mapper_value value = {0};
    mapper_status status =
        payload_value(cases[i].type, cases[i].path, cases[i].payload, &value, &room);
    CHECK_INT(status, cases[i].text ? MAPPER_OK : MAPPER_TYPE);
    if (status != MAPPER_OK || !cases[i].text) continue;
    CHECK_INT(value.count, strlen(cases[i].text));
    CHECK(memcmp(value.data, cases[i].text, value.count) == 0);
  }
  char *large = malloc(VALUE_SIZE_MAX + 2);
  memset(large, 'x', VALUE_SIZE_MAX + 1);
  large[VALUE_SIZE_MAX + 1] = 0;
  mapper_value value;
  CHECK_INT(payload_value(MAPPER_TYPE_TEXT, NULL, large, &value, &room), MAPPER_TYPE);
  large[VALUE_SIZE_MAX] = 0;
  CHECK_INT(payload_value(MAPPER_TYPE_TEXT, NULL, large, &value, &room), MAPPER_OK);
  free(large);
  buffer_free(&room);
  convert_finish();
}

TEST(words_of_a_boolean_can_be_chosen) {
  conversion how = {.type = MAPPER_TYPE_BOOL, .on = "open", .off = "closed"};
  mapper_value value;
  buffer room = {0}, payload = {0};
  const char *why;
  CHECK(convert_prepare());
  CHECK_INT(convert_payload(&how, "open", 4, &value, &room, &why), MAPPER_OK);
  CHECK_INT(value.u64, 1);
  CHECK_INT(convert_payload(&how, "closed", 6, &value, &room, &why), MAPPER_OK);
  CHECK_INT(value.u64, 0);
  CHECK_INT(convert_payload(&how, "ON", 2, &value, &room, &why), MAPPER_OK);
  CHECK_INT(convert_payload(&how, "Open", 4, &value, &room, &why), MAPPER_TYPE);
  value = mapper_bool(true);
  CHECK_INT(convert_value(&how, &value, &payload), MAPPER_OK);
  CHECK(payload.size == 4 && memcmp(payload.bytes, "open", 4) == 0);
  buffer_free(&room);
  buffer_free(&payload);
  convert_finish();
}

/* What is published, as text; "(TYPE)" when it cannot be. */
static const char *published(const char *template, mapper_value value) {
  static char text[256];
  conversion how = {.type = value.type, .template = template};
  buffer payload = {0};
  mapper_status status = convert_value(&how, &value, &payload);
  snprintf(text, sizeof text, "%.*s", (int)payload.size, payload.bytes ? payload.bytes : "");
  buffer_free(&payload);
  return status == MAPPER_OK ? text : status == MAPPER_TYPE ? "(TYPE)" : "(other)";
}

static mapper_value text(const char *bytes) {
  return mapper_data(MAPPER_TYPE_TEXT, bytes, (uint32_t)strlen(bytes));
}

TEST(values_become_payloads) {
  CHECK(convert_prepare());
  CHECK_TEXT(published(NULL, mapper_int(MAPPER_TYPE_I64, -5)), "-5");
  CHECK_TEXT(published(NULL, mapper_uint(MAPPER_TYPE_U64, UINT64_MAX)), "18446744073709551615");
  CHECK_TEXT(published(NULL, mapper_bool(true)), "true");
  CHECK_TEXT(published(NULL, mapper_float(MAPPER_TYPE_F64, 0.1)), "0.1");
  CHECK_TEXT(published(NULL, mapper_float(MAPPER_TYPE_F64, 22)), "22");
  CHECK_TEXT(published(NULL, mapper_float(MAPPER_TYPE_F64, 1.0 / 3)), "0.3333333333333333");
  CHECK_TEXT(published(NULL, mapper_float(MAPPER_TYPE_F32, (double)0.1f)), "0.1");
  CHECK_TEXT(published(NULL, mapper_float(MAPPER_TYPE_F64, 0.0 / 0.0)), "(TYPE)");
  CHECK_TEXT(published(NULL, text("He said \"hi\"")), "He said \"hi\"");
  CHECK_TEXT(published(NULL, mapper_data(MAPPER_TYPE_ARRAY | MAPPER_TYPE_I8, "ab", 2)), "(TYPE)");
  convert_finish();
}

TEST(templates_make_valid_json) {
  const char *quoted = "{\"state\":\"{value}\"}", *bare = "{\"state\": {value}}";
  CHECK(convert_prepare());
  CHECK_TEXT(published(quoted, text("ON")), "{\"state\":\"ON\"}");
  CHECK_TEXT(published(quoted, text("a\"b\\c\nä")), "{\"state\":\"a\\\"b\\\\c\\u000aä\"}");
  CHECK_TEXT(published(bare, text("a\"b")), "{\"state\": \"a\\\"b\"}");
  CHECK_TEXT(published(bare, mapper_bool(false)), "{\"state\": false}");
  CHECK_TEXT(published(bare, mapper_float(MAPPER_TYPE_F64, 2.5)), "{\"state\": 2.5}");
  CHECK_TEXT(published("[{value}, \"\\\"{value}\"]", text("x")), "[\"x\", \"\\\"x\"]");
  CHECK_TEXT(published("{value}", text("a\"b")), "a\"b");
  CHECK_TEXT(published("set {value} {val} {value}", text("x\"")), "set x\" {val} x\"");
  CHECK_TEXT(published(bare, mapper_data(MAPPER_TYPE_BYTES, "\xff", 1)), "(TYPE)");
  convert_finish();
}

/* A process may have any locale: numbers on the wire have a point. */
TEST(numbers_do_not_depend_on_the_locale) {
  static const char *const commas[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "fr_FR"};
  bool has_comma = false;
  for (size_t i = 0; i < sizeof commas / sizeof *commas && !has_comma; i++)
    has_comma = setlocale(LC_NUMERIC, commas[i]) != NULL;
  if (!has_comma) printf("  (no locale with a comma is installed: checked in the C locale)\n");
  mapper_value value;
  buffer room = {0};
  CHECK(convert_prepare());
  CHECK_INT(payload_value(MAPPER_TYPE_F64, NULL, "21.5", &value, &room), MAPPER_OK);
  CHECK_DOUBLE(value.f64, 21.5);
  CHECK_TEXT(published(NULL, mapper_float(MAPPER_TYPE_F64, 21.5)), "21.5");
  setlocale(LC_NUMERIC, "C");
  buffer_free(&room);
  convert_finish();
}
