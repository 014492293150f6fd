/* SPDX-License-Identifier: Apache-2.0
 *
 * "mapper.methods/1" of the driver, called as their rows say.
 */
#include "harness.h"
#include "mapper/ext/methods.h"

typedef mapper_status (*three_words)(mapper_device *, const mapper_call *, mapper_nothing *,
                                     uint64_t, uint64_t, uint64_t);
typedef mapper_status (*two_words)(mapper_device *, const mapper_call *, mapper_nothing *, uint64_t,
                                   uint64_t);
typedef mapper_status (*text_only)(mapper_device *, const mapper_call *, const char **);
typedef mapper_status (*reading)(mapper_device *, const mapper_call *, const char **, const char *,
                                 uint64_t, uint64_t);

static const mapper_method *method(const char *name) {
  const mapper_methods *methods = the_driver()->query(MAPPER_EXT_METHODS);
  for (uint32_t i = 0; methods && i < methods->count; i++)
    if (strcmp(methods->rows[i].name, name) == 0) return &methods->rows[i];
  check_that(false, __FILE__, __LINE__, name);
  return NULL;
}

/* A device without points at unit 4, with 0x00d2 in holding register 3 and coil 9 on. */
typedef struct stage {
  slave *slave;
  fake_device device;
} stage;

static bool set_up(stage *stage) {
  static const fake_points none = {NULL, 0};
  *stage = (struct stage){.slave = slave_start()};
  slave_set(stage->slave, SPACE_HOLDING_REGISTER, 3, 0xd2);
  slave_set(stage->slave, SPACE_COIL, 9, 1);
  return start_device(&stage->device, slave_settings(stage->slave, 4, ""), &none);
}

static void clear(stage *stage) {
  fake_device_free(&stage->device);
  slave_stop(stage->slave);
}

static mapper_status read_words(stage *stage, const char *kind, uint64_t address, uint64_t count,
                                const char **out) {
  *out = NULL;
  fake_call_again(stage->device.call, 30000);
  return ((reading)(void (*)(void))method("readRegisters")->call)(
      stage->device.device, stage->device.call, out, kind, address, count);
}

static mapper_status mask(stage *stage, uint64_t address, uint64_t and_mask, uint64_t or_mask) {
  mapper_nothing nothing = {0};
  fake_call_again(stage->device.call, 30000);
  return ((three_words)method("maskWriteRegister")->call)(stage->device.device, stage->device.call,
                                                          &nothing, address, and_mask, or_mask);
}

static mapper_status write_word(stage *stage, uint64_t address, uint64_t value) {
  mapper_nothing nothing = {0};
  fake_call_again(stage->device.call, 30000);
  return ((two_words)method("writeRegister")->call)(stage->device.device, stage->device.call,
                                                    &nothing, address, value);
}

static mapper_status identify(stage *stage, const char **out) {
  *out = NULL;
  fake_call_again(stage->device.call, 30000);
  return ((text_only)method("readDeviceIdentification")->call)(stage->device.device,
                                                               stage->device.call, out);
}

TEST(what_changes_the_device_says_so) {
  CHECK_INT(method("readRegisters")->flags, MAPPER_METHOD_IDEMPOTENT);
  CHECK_INT(method("readDeviceIdentification")->flags, MAPPER_METHOD_IDEMPOTENT);
  CHECK_INT(method("maskWriteRegister")->flags, MAPPER_METHOD_IDEMPOTENT | MAPPER_METHOD_CHANGES);
  CHECK_INT(method("writeRegister")->flags,
            MAPPER_METHOD_IDEMPOTENT | MAPPER_METHOD_CHANGES | MAPPER_METHOD_CONFIRM);
  CHECK_INT(method("readRegisters")->count, 3);
  CHECK_TEXT(method("maskWriteRegister")->names[1], "and");
  CHECK(the_driver()->query("mapper.nothing/1") == NULL);
}

TEST(registers_and_bits_are_shown_as_they_are) {
  stage stage;
  const char *text;
  REQUIRE(set_up(&stage));
  CHECK_INT(read_words(&stage, "holding", 2, 3, &text), MAPPER_OK);
  CHECK_TEXT(text, "0000 00d2 0000");
  CHECK_INT(read_words(&stage, "HoldingRegister", 3, 1, &text), MAPPER_OK);
  CHECK_TEXT(text, "00d2");
  CHECK_INT(read_words(&stage, "coil", 8, 9, &text), MAPPER_OK);
  CHECK_TEXT(text, "0 1 0 0 0 0 0 0 0");
  CHECK_INT(read_words(&stage, "input", 0, 125, &text), MAPPER_OK);
  CHECK_INT(strlen(text), 125 * 5 - 1);
  CHECK_INT(read_words(&stage, "discrete", 0, 2000, &text), MAPPER_OK);
  CHECK_INT(strlen(text), 2000 * 2 - 1);
  clear(&stage);
}

TEST(wrong_arguments_are_refused_with_what_was_expected) {
  stage stage;
  const char *text;
  REQUIRE(set_up(&stage));
  CHECK_INT(read_words(&stage, "word", 0, 1, &text), MAPPER_INVALID);
  CHECK_TEXT(fake_call_text(stage.device.call),
             "kind: \"word\": expected coil, discrete, input or holding");
  CHECK_INT(read_words(&stage, "holding", 65536, 1, &text), MAPPER_INVALID);
  CHECK_TEXT(fake_call_text(stage.device.call),
             "address: 65536: expected a whole number from 0 to 65535");
  CHECK_INT(read_words(&stage, "holding", 0, 126, &text), MAPPER_INVALID);
  CHECK_TEXT(fake_call_text(stage.device.call),
             "count: 126: expected a whole number from 1 to 125");
  CHECK_INT(read_words(&stage, "holding", 65535, 2, &text), MAPPER_INVALID);
  CHECK_TEXT(fake_call_text(stage.device.call), "count: 2: expected a whole number from 1 to 1");
  CHECK_INT(mask(&stage, 0, 65536, 0), MAPPER_INVALID);
  CHECK_TEXT(fake_call_text(stage.device.call),
             "and: 65536: expected a whole number from 0 to 65535");
  CHECK_INT(mask(&stage, 0, 0, UINT64_MAX), MAPPER_INVALID);
  CHECK_INT(write_word(&stage, 0, 65536), MAPPER_INVALID);
  CHECK_INT(slave_seen(stage.slave), 0);
  clear(&stage);
}

TEST(a_mask_and_a_word_are_written) {
  stage stage;
  REQUIRE(set_up(&stage));
  slave_set(stage.slave, SPACE_HOLDING_REGISTER, 4, 0x12);
  CHECK_INT(mask(&stage, 4, 0xf2, 0x25), MAPPER_OK);
  CHECK_INT(slave_get(stage.slave, SPACE_HOLDING_REGISTER, 4), 0x17); /* the standard's example */
  CHECK_INT(write_word(&stage, 4, 0xbeef), MAPPER_OK);
  CHECK_INT(slave_get(stage.slave, SPACE_HOLDING_REGISTER, 4), 0xbeef);
  clear(&stage);
}

TEST(a_device_without_the_function_is_unsupported_in_words) {
  stage stage;
  const char *text;
  REQUIRE(set_up(&stage));
  slave_lack_functions(stage.slave, 22);
  CHECK_INT(mask(&stage, 4, 0, 0), MAPPER_STATUS(MAPPER_UNSUPPORTED, 1));
  CHECK_TEXT(fake_call_text(stage.device.call),
             "unit 4, holding register 40005: exception 1, illegal function: it has no mask write");
  CHECK_INT(identify(&stage, &text), MAPPER_STATUS(MAPPER_UNSUPPORTED, 1));
  CHECK_TEXT(fake_call_text(stage.device.call),
             "unit 4, device identification: exception 1, illegal function");
  clear(&stage);
}

TEST(the_identification_is_put_together_from_all_answers) {
  stage stage;
  const char *text;
  REQUIRE(set_up(&stage));
  static const char *const few[] = {"Acme ", "TX-3", "2.1"};
  slave_identify(stage.slave, few, 3);
  CHECK_INT(identify(&stage, &text), MAPPER_OK);
  CHECK_TEXT(text,
             "{\"vendorName\":\"Acme\",\"productCode\":\"TX-3\",\"majorMinorRevision\":\"2.1\"}");
  CHECK_INT(slave_seen(stage.slave), 2);
  static const char *const many[] = {"Acme",      "TX-3",      "2.1", "http://acme.example",
                                     "say \"a\"", "caf\xe9\n", ""};
  slave_identify(stage.slave, many, 7);
  CHECK_INT(identify(&stage, &text), MAPPER_OK);
  CHECK_TEXT(text,
             "{\"vendorName\":\"Acme\",\"productCode\":\"TX-3\",\"majorMinorRevision\":\"2.1\","
             "\"vendorUrl\":\"http://acme.example\",\"productName\":\"say \\\"a\\\"\","
             "\"modelName\":\"caf??\",\"userApplicationName\":\"\"}");
  clear(&stage);
}

TEST(a_method_without_memory_says_so) {
  stage stage;
  const char *text = NULL;
  REQUIRE(set_up(&stage));
  fake_call_again(stage.device.call, 30000);
  fake_call_starve(stage.device.call);
  CHECK_INT(((reading)(void (*)(void))method("readRegisters")->call)(
                stage.device.device, stage.device.call, &text, "holding", 0, 1),
            MAPPER_NO_MEMORY);
  CHECK_INT(((text_only)method("readDeviceIdentification")->call)(stage.device.device,
                                                                  stage.device.call, &text),
            MAPPER_NO_MEMORY);
  clear(&stage);
}
