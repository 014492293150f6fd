/* SPDX-License-Identifier: Apache-2.0
 *
 * mapper.methods/1 of virtual devices. A row's function is called with its true type, as libffi
 * does in a host.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>

#include "mapper/ext/methods.h"
#include "rig.h"

static const mapper_method *method(const rig *rig, const char *name) {
  const mapper_methods *table = rig->device.driver->query(MAPPER_EXT_METHODS);
  if (!CHECK(table != NULL)) abort();
  for (uint32_t i = 0; i < table->count; i++) {
    const char *row = (const char *)table->rows + (size_t)i * table->stride;
    if (strcmp(((const mapper_method *)row)->name, name) == 0) return (const mapper_method *)row;
  }
  printf("  no method %s\n", name);
  abort();
}

static mapper_call *fresh(rig *rig, int timeout_ms) {
  fake_call_again(rig->device.call, timeout_ms);
  return rig->device.call;
}

#define CALL(rig_, name_, type_, ...)                                                              \
  ((type_)method(rig_, name_)->call)((rig_)->device.device, fresh(rig_, 5000), __VA_ARGS__)

typedef mapper_status (*plain)(mapper_device *, const mapper_call *, mapper_nothing *);
typedef mapper_status (*texts)(mapper_device *, const mapper_call *, mapper_nothing *, const char *,
                               const char *);
typedef mapper_status (*doubles)(mapper_device *, const mapper_call *, double *, double, double);
typedef mapper_status (*ints)(mapper_device *, const mapper_call *, bool *, int64_t, int64_t,
                              int64_t);
typedef mapper_status (*text)(mapper_device *, const mapper_call *, const char **, const char *);
typedef mapper_status (*sum)(mapper_device *, const mapper_call *, uint64_t *,
                             const mapper_bytes *);
typedef mapper_status (*bytes)(mapper_device *, const mapper_call *, mapper_bytes *, uint64_t);
typedef mapper_status (*number)(mapper_device *, const mapper_call *, mapper_nothing *, uint64_t);

static mapper_status set_fault(rig *rig, const char *fault, const char *on) {
  mapper_nothing none = {0};
  return CALL(rig, "setFault", texts, &none, fault, on);
}

TEST(methods_say_what_they_take_and_give) {
  rig rig = {0};
  REQUIRE(rig_open(&rig, ""));
  const mapper_methods *table = rig.device.driver->query(MAPPER_EXT_METHODS);
  CHECK_INT(table->count, 9);
  CHECK_INT(table->stride, sizeof(mapper_method));
  CHECK_INT(method(&rig, "factoryReset")->flags,
            MAPPER_METHOD_CHANGES | MAPPER_METHOD_IDEMPOTENT | MAPPER_METHOD_CONFIRM);
  const mapper_method *between = method(&rig, "isBetween");
  CHECK_INT(between->result, MAPPER_TYPE_BOOL);
  CHECK_INT(between->count, 3);
  CHECK_INT(between->arguments[2], MAPPER_TYPE_I64);
  CHECK_TEXT(between->names[1], "low");
  rig_close(&rig);
}

TEST(methods_compute) {
  rig rig = {0};
  REQUIRE(rig_open(&rig, "seed: 5"));
  double total = 0;
  CHECK_INT(CALL(&rig, "add", doubles, &total, 0.25, 2), MAPPER_OK);
  CHECK_DOUBLE(total, 2.25);
  bool inside = false;
  CHECK_INT(CALL(&rig, "isBetween", ints, &inside, -3, INT64_MIN, 0), MAPPER_OK);
  CHECK(inside);
  CHECK_INT(CALL(&rig, "isBetween", ints, &inside, 1, INT64_MIN, 0), MAPPER_OK);
  CHECK(!inside);

  mapper_bytes check = {.data = "123456789", .size = 9};
  uint64_t crc = 0;
  CHECK_INT(CALL(&rig, "checksum", sum, &crc, &check), MAPPER_OK);
  CHECK_INT(crc, 0xcbf43926);
  check = (mapper_bytes){.data = NULL, .size = 0};
  CHECK_INT(CALL(&rig, "checksum", sum, &crc, &check), MAPPER_OK);
  CHECK_INT(crc, 0);

  mapper_bytes drawn = {0};
  CHECK_INT(CALL(&rig, "draw", bytes, &drawn, 16), MAPPER_OK);
  REQUIRE(drawn.size == 16);
  uint8_t first[16];
  memcpy(first, drawn.data, 16);
  CHECK_INT(CALL(&rig, "draw", bytes, &drawn, 16), MAPPER_OK);
  CHECK(memcmp(first, drawn.data, 16) == 0);
  CHECK_INT(CALL(&rig, "draw", bytes, &drawn, 65537), MAPPER_INVALID);
  CHECK_TEXT(fake_call_text(rig.device.call), "count: 65537: expected at most 65536");
  rig_close(&rig);
}

TEST(echo_copies_into_memory_of_the_call) {
  rig rig = {0};
  REQUIRE(rig_open(&rig, ""));
  char argument[] = "Grüße";
  const char *out = NULL;
  CHECK_INT(CALL(&rig, "echo", text, &out, argument), MAPPER_OK);
  memset(argument, 'x', sizeof argument - 1);
  CHECK_TEXT(out, "Grüße");
  mapper_call *call = fresh(&rig, 5000);
  fake_call_starve(call);
  CHECK_INT(((text)method(&rig, "echo")->call)(rig.device.device, call, &out, "a"),
            MAPPER_NO_MEMORY);
  rig_close(&rig);
}

TEST(sleep_ends_with_the_time_the_call_or_a_cancellation) {
  rig rig = {0};
  REQUIRE(rig_open(&rig, ""));
  mapper_nothing none = {0};
  double start = now_ms();
  CHECK_INT(CALL(&rig, "sleep", number, &none, 30), MAPPER_OK);
  CHECK(now_ms() - start >= 30);
  number sleep = (number)method(&rig, "sleep")->call;
  CHECK_INT(sleep(rig.device.device, fresh(&rig, 30), &none, UINT64_MAX), MAPPER_TIMEOUT);
  CHECK_TEXT(fake_call_text(rig.device.call),
             "18446744073709551615 ms are longer than the call may take");
  mapper_call *call = fresh(&rig, 60000);
  fake_call_cancel_after(call, 20);
  CHECK_INT(sleep(rig.device.device, call, &none, 50000), MAPPER_CANCELLED);
  rig_close(&rig);
}

TEST(reset_starts_again_and_factory_reset_forgets) {
  rig rig = {0};
  uint32_t count = fake_points_add(&rig.points, "count", MAPPER_TYPE_I64, "kind: counter, min: 4");
  uint32_t walk = fake_points_add(&rig.points, "walk", MAPPER_TYPE_F64, "kind: randomWalk");
  uint32_t set = fake_points_add(&rig.points, "set", MAPPER_TYPE_I64, "kind: settable, offset: 20");
  uint32_t word =
      fake_points_add(&rig.points, "word", MAPPER_TYPE_TEXT, "kind: settable, text: bread");
  fake_points_add(&rig.points, "refused", MAPPER_TYPE_I64, "kind: none");
  REQUIRE(rig_open(&rig, "seed: 3"));
  double walked[3];
  for (int i = 0; i < 3; i++) walked[i] = read_value(&rig, walk).f64;
  for (int i = 4; i < 7; i++) CHECK_INT(read_value(&rig, count).i64, i);
  CHECK_INT(write_value(&rig, set, mapper_int(MAPPER_TYPE_I64, 25)), MAPPER_OK);
  CHECK_INT(write_value(&rig, word, mapper_data(MAPPER_TYPE_TEXT, "cake with cream", 15)),
            MAPPER_OK);

  mapper_nothing none = {0};
  CHECK_INT(CALL(&rig, "reset", plain, &none), MAPPER_OK);
  CHECK_INT(read_value(&rig, count).i64, 4);
  for (int i = 0; i < 3; i++) CHECK_DOUBLE(read_value(&rig, walk).f64, walked[i]);
  CHECK_INT(read_value(&rig, set).i64, 25);

  CHECK_INT(set_fault(&rig, "error:busy", "read"), MAPPER_OK);
  CHECK_INT(fake_device_read_all(&rig.device, 1000), MAPPER_BUSY);
  CHECK_INT(CALL(&rig, "factoryReset", plain, &none), MAPPER_OK);
  CHECK_INT(read_value(&rig, set).i64, 20);
  CHECK(is_text(read_value(&rig, word), "bread"));
  rig_close(&rig);
}

TEST(faults_strike_methods_too) {
  rig rig = {0};
  uint32_t fault =
      fake_points_add(&rig.points, "fault", MAPPER_TYPE_TEXT, "kind: fault, faultOn: method");
  REQUIRE(rig_open(&rig, "fault: \"error:denied\", faultOn: method"));
  mapper_nothing none = {0};
  double total;
  CHECK_INT(CALL(&rig, "add", doubles, &total, 1, 2), MAPPER_DENIED);
  CHECK_INT(CALL(&rig, "reset", plain, &none), MAPPER_DENIED);
  CHECK_TEXT(fake_call_text(rig.device.call), "fault on demand: error:denied");
  CHECK(is_text(read_value(&rig, fault), "error:denied"));
  CHECK_INT(set_fault(&rig, "none", "method"), MAPPER_OK); /* it can always be disarmed */
  CHECK_INT(CALL(&rig, "add", doubles, &total, 1, 2), MAPPER_OK);

  CHECK_INT(set_fault(&rig, "bang", "method"), MAPPER_INVALID);
  CHECK_TEXT(fake_call_text(rig.device.call),
             "fault: 'bang': expected none, delay:MS, error:CLASS, hang, crash, exit, exit:CODE or "
             "leak:BYTES");
  CHECK_INT(set_fault(&rig, "none", "close"), MAPPER_INVALID);
  CHECK_TEXT(fake_call_text(rig.device.call), "on: 'close': expected open, read, write or method");
  rig_close(&rig);
}
