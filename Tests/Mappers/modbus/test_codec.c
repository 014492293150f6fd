/* SPDX-License-Identifier: Apache-2.0
 *
 * Data types and byte orders, through the settings that choose them.
 */
#include <math.h>
#include <stdint.h>

#include "check.h"
#include "fakehost.h"
#include "mapper/helpers.h"
#include "point.h"

static point parsed(mapper_type type, const char *settings, problem *problem) {
  fake_points points = {NULL, 0};
  fake_points_add(&points, "value", type, settings);
  point point;
  memset(problem, 0, sizeof *problem);
  if (!point_parse(&points.items[0], 124, &point, problem)) point.is_bound = false;
  fake_points_free(&points);
  return point;
}

/* Reads the point out of the bytes of an answer that begins at its address. */
static mapper_sample decoded(mapper_type type, const char *settings, const uint8_t *data) {
  problem problem;
  point point = parsed(type, settings, &problem);
  CHECK_TEXT(problem.text, "");
  codec_item item = {&point.codec, 0, 0};
  mapper_sample sample = {.status = MAPPER_NOT_FILLED};
  codec_read_numbers(&item, 1, data, &sample);
  return sample;
}

static void reads_int(const char *settings, const uint8_t *data, mapper_type type, int64_t value) {
  mapper_sample sample = decoded(MAPPER_TYPE_I64, settings, data);
  CHECK_INT(sample.status, MAPPER_OK);
  CHECK_INT(sample.value.type, type);
  CHECK_INT(sample.value.count, 1);
  if (!CHECK_INT(sample.value.i64, value)) printf("  with %s\n", settings);
}

static void reads_real(const char *settings, const uint8_t *data, mapper_type type, double value) {
  mapper_sample sample = decoded(MAPPER_TYPE_F64, settings, data);
  CHECK_INT(sample.status, MAPPER_OK);
  CHECK_INT(sample.value.type, type);
  if (!CHECK_DOUBLE(sample.value.f64, value)) printf("  with %s\n", settings);
}

#define HOLDING "register: HoldingRegister, offset: 0, "
#define INT(value) mapper_int(MAPPER_TYPE_I64, value)
#define REAL(value) mapper_float(MAPPER_TYPE_F64, value)
#define DATA(...) ((const uint8_t[]){__VA_ARGS__})

TEST(integers_of_all_widths_are_read) {
  reads_int(HOLDING "dataType: uint8", DATA(0x12, 0xfe), MAPPER_TYPE_U8, 0xfe);
  reads_int(HOLDING "dataType: int8", DATA(0x12, 0xfe), MAPPER_TYPE_I8, -2);
  reads_int(HOLDING "dataType: uint8, isSwap: true", DATA(0x12, 0xfe), MAPPER_TYPE_U8, 0x12);
  reads_int(HOLDING "dataType: uint16", DATA(0xff, 0xfe), MAPPER_TYPE_U16, 65534);
  reads_int(HOLDING "dataType: int16", DATA(0xff, 0xfe), MAPPER_TYPE_I16, -2);
  reads_int(HOLDING "dataType: uint32", DATA(0xff, 0xff, 0xff, 0xfe), MAPPER_TYPE_U32, 4294967294);
  reads_int(HOLDING "dataType: int32", DATA(0xff, 0xff, 0xff, 0xfe), MAPPER_TYPE_I32, -2);
  reads_int(HOLDING "dataType: int64", DATA(0x80, 0, 0, 0, 0, 0, 0, 0), MAPPER_TYPE_I64, INT64_MIN);
  reads_int(HOLDING "dataType: uint64", DATA(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
            MAPPER_TYPE_U64, -1 /* all ones, as bits */);
}

/* One number, as the four orders lay it out in registers. */
static const struct {
  const char *order, *swaps;
  uint8_t two[4], four[8];
} orders[] = {
    {"byteOrder: ABCD",
     "isSwap: false, isRegisterSwap: false",
     {1, 2, 3, 4},
     {1, 2, 3, 4, 5, 6, 7, 8}},
    {"byteOrder: BADC",
     "isSwap: true, isRegisterSwap: false",
     {2, 1, 4, 3},
     {2, 1, 4, 3, 6, 5, 8, 7}},
    {"byteOrder: CDAB",
     "isSwap: false, isRegisterSwap: true",
     {3, 4, 1, 2},
     {7, 8, 5, 6, 3, 4, 1, 2}},
    {"byteOrder: DCBA",
     "isSwap: true, isRegisterSwap: true",
     {4, 3, 2, 1},
     {8, 7, 6, 5, 4, 3, 2, 1}},
};

static const char *with(const char *a, const char *b) {
  static char text[160];
  snprintf(text, sizeof text, HOLDING "%s, %s", a, b);
  return text;
}

TEST(byte_orders_apply_to_two_and_four_registers) {
  for (size_t i = 0; i < 4; i++) {
    const char *names[] = {orders[i].order, orders[i].swaps};
    for (size_t j = 0; j < 2; j++) {
      reads_int(with("dataType: uint32", names[j]), orders[i].two, MAPPER_TYPE_U32, 0x01020304);
      reads_int(with("dataType: uint64", names[j]), orders[i].four, MAPPER_TYPE_U64,
                0x0102030405060708);
    }
  }
  reads_int(HOLDING "dataType: uint16, byteOrder: DCBA", DATA(2, 1), MAPPER_TYPE_U16, 0x0102);
  reads_int(HOLDING "dataType: uint16, byteOrder: CDAB", DATA(1, 2), MAPPER_TYPE_U16, 0x0102);
  /* byteOrder wins over the pair. */
  reads_int(HOLDING "dataType: uint32, byteOrder: abcd, isSwap: true, isRegisterSwap: true",
            DATA(1, 2, 3, 4), MAPPER_TYPE_U32, 0x01020304);
}

TEST(floats_are_read_in_all_orders) {
  /* 21.5 is 0x41ac0000; -1.25 is 0xbff4000000000000 */
  reads_real(HOLDING "dataType: float32", DATA(0x41, 0xac, 0, 0), MAPPER_TYPE_F32, 21.5);
  reads_real(HOLDING "dataType: float32, byteOrder: BADC", DATA(0xac, 0x41, 0, 0), MAPPER_TYPE_F32,
             21.5);
  reads_real(HOLDING "dataType: float32, byteOrder: CDAB", DATA(0, 0, 0x41, 0xac), MAPPER_TYPE_F32,
             21.5);
  reads_real(HOLDING "dataType: float32, byteOrder: DCBA", DATA(0, 0, 0xac, 0x41), MAPPER_TYPE_F32,
             21.5);
  reads_real(HOLDING "dataType: float64", DATA(0xbf, 0xf4, 0, 0, 0, 0, 0, 0), MAPPER_TYPE_F64,
             -1.25);
  reads_real(HOLDING "dataType: float64, byteOrder: CDAB", DATA(0, 0, 0, 0, 0, 0, 0xbf, 0xf4),
             MAPPER_TYPE_F64, -1.25);
}

TEST(a_scale_makes_a_double) {
  reads_real(HOLDING "dataType: uint16, scale: 0.1", DATA(0, 215), MAPPER_TYPE_F64, 215 * 0.1);
  reads_real(HOLDING "dataType: int16, scale: 0.5", DATA(0xff, 0xfe), MAPPER_TYPE_F64, -1);
  reads_real(HOLDING "dataType: float32, scale: 10", DATA(0x41, 0xac, 0, 0), MAPPER_TYPE_F64, 215);
  reads_real(HOLDING "dataType: int64, scale: -2", DATA(0, 0, 0, 0, 0, 0, 0, 3), MAPPER_TYPE_F64,
             -6);
  reads_real(HOLDING "dataType: uint16, scale: \"0.5\"", DATA(0, 5), MAPPER_TYPE_F64, 2.5);
}

TEST(a_float_that_is_no_number_is_bad) {
  mapper_sample sample = decoded(MAPPER_TYPE_F32, HOLDING "limit: 2", DATA(0x7f, 0xc0, 0, 0));
  CHECK_INT(sample.status, MAPPER_OK);
  CHECK_INT(sample.quality, MAPPER_BAD | MAPPER_WHY_SENSOR);
  CHECK(isnan(sample.value.f64));
  sample = decoded(MAPPER_TYPE_F32, HOLDING "limit: 2", DATA(0x7f, 0x80, 0, 0));
  CHECK_INT(sample.quality, MAPPER_BAD | MAPPER_WHY_SENSOR);
  sample = decoded(MAPPER_TYPE_F32, HOLDING "limit: 2", DATA(0x41, 0xac, 0, 0));
  CHECK_INT(sample.quality, MAPPER_GOOD);
}

static void chooses(mapper_type model, const char *settings, mapper_type type, unsigned count) {
  problem problem;
  point point = parsed(model, settings, &problem);
  CHECK_TEXT(problem.text, "");
  if (!CHECK_INT(point.codec.type, type) || !CHECK_INT(point.codec.count, count))
    printf("  with %s\n", settings);
}

TEST(model_type_and_limit_choose_the_data_type) {
  chooses(MAPPER_TYPE_I64, HOLDING "limit: 1", MAPPER_TYPE_U16, 1);
  chooses(MAPPER_TYPE_I64, HOLDING "limit: 2", MAPPER_TYPE_U32, 2);
  chooses(MAPPER_TYPE_I64, HOLDING "limit: 4", MAPPER_TYPE_U64, 4);
  chooses(MAPPER_TYPE_I64, HOLDING, MAPPER_TYPE_U16, 1);
  chooses(MAPPER_TYPE_F32, HOLDING, MAPPER_TYPE_F32, 2);
  chooses(MAPPER_TYPE_F32, HOLDING "limit: 1", MAPPER_TYPE_U16, 1);
  chooses(MAPPER_TYPE_F32, HOLDING "limit: 4", MAPPER_TYPE_F64, 4);
  chooses(MAPPER_TYPE_F64, HOLDING, MAPPER_TYPE_F64, 4);
  chooses(MAPPER_TYPE_F64, HOLDING "limit: 2", MAPPER_TYPE_F32, 2);
  chooses(MAPPER_TYPE_BOOL, HOLDING, MAPPER_TYPE_BOOL, 1);
  chooses(MAPPER_TYPE_TEXT, HOLDING "limit: 8", MAPPER_TYPE_TEXT, 8);
  chooses(MAPPER_TYPE_BYTES, HOLDING "limit: 3", MAPPER_TYPE_BYTES, 3);
  chooses(MAPPER_TYPE_NONE, HOLDING, MAPPER_TYPE_U16, 1);
  chooses(MAPPER_TYPE_NONE, HOLDING "limit: 2", MAPPER_TYPE_U32, 2);
  chooses(MAPPER_TYPE_NONE, HOLDING "limit: 3", MAPPER_TYPE_BYTES, 3);
  /* The words of KubeEdge's manifests. */
  chooses(MAPPER_TYPE_F32, HOLDING "dataType: float, limit: 1, scale: 0.1", MAPPER_TYPE_F64, 1);
  chooses(MAPPER_TYPE_I64, "register: CoilRegister, offset: 0, dataType: int, limit: 1, scale: 1",
          MAPPER_TYPE_BOOL, 1);
  chooses(MAPPER_TYPE_I64, "register: coilregister, offset: \"7\", limit: \"12\"", MAPPER_TYPE_U16,
          12);
  chooses(MAPPER_TYPE_BOOL, "register: DiscreteInputRegister, offset: 1", MAPPER_TYPE_BOOL, 1);
  chooses(MAPPER_TYPE_BYTES, "register: DISCRETEINPUTREGISTER, offset: 1, limit: 20",
          MAPPER_TYPE_BYTES, 20);
  chooses(MAPPER_TYPE_NONE, "register: CoilRegister, offset: 1, limit: 5, dataType: uint8",
          MAPPER_TYPE_U8, 5);
}

static void refuses(mapper_type model, const char *settings, const char *text) {
  problem problem;
  point point = parsed(model, settings, &problem);
  CHECK(!point.is_bound);
  CHECK_TEXT(problem.text, text);
}

TEST(wrong_point_settings_are_refused_with_what_was_expected) {
  refuses(MAPPER_TYPE_I64, "register: Holding, offset: 0",
          "register: \"Holding\": expected CoilRegister, DiscreteInputRegister, InputRegister or "
          "HoldingRegister");
  refuses(MAPPER_TYPE_I64, "offset: 0",
          "register: missing: expected CoilRegister, DiscreteInputRegister, InputRegister or "
          "HoldingRegister");
  refuses(MAPPER_TYPE_I64, "register: HoldingRegister",
          "offset: missing: expected the zero-based address");
  refuses(MAPPER_TYPE_I64, "register: HoldingRegister, offset: 65536",
          "offset: 65536: expected a whole number from 0 to 65535");
  refuses(MAPPER_TYPE_I64, "register: HoldingRegister, offset: 1.5",
          "offset: 1.5: expected a whole number from 0 to 65535");
  refuses(MAPPER_TYPE_I64, HOLDING "limit: 3", "limit: 3: expected 1, 2 or 4 registers for int");
  refuses(MAPPER_TYPE_F32, HOLDING "limit: 1, dataType: float32",
          "limit: 1: expected 2 registers for float32");
  refuses(MAPPER_TYPE_TEXT, HOLDING, "limit: missing: expected the number of registers of string");
  refuses(MAPPER_TYPE_TEXT, HOLDING "limit: 125",
          "limit: 125: expected at most 124: one request carries no more (maxRegisters)");
  refuses(MAPPER_TYPE_I64, "register: HoldingRegister, offset: 65535, limit: 2",
          "offset: 65535: expected an address from which 2 registers fit below 65536");
  refuses(MAPPER_TYPE_I64, HOLDING "dataType: decimal",
          "dataType: \"decimal\": expected bool, int8, uint8, int16, uint16, int32, uint32, int64, "
          "uint64, float32, float64, string or bytes");
  refuses(MAPPER_TYPE_I64, HOLDING "byteOrder: ABBA",
          "byteOrder: \"ABBA\": expected ABCD, BADC, CDAB or DCBA");
  refuses(MAPPER_TYPE_I64, HOLDING "isSwap: 1", "isSwap: 1: expected true or false");
  refuses(MAPPER_TYPE_I64, HOLDING "scale: 0", "scale: 0: expected another number than 0");
  refuses(MAPPER_TYPE_I64, HOLDING "scale: ten", "scale: \"ten\": expected a number");
  refuses(MAPPER_TYPE_BOOL, HOLDING "scale: 0.1", "scale: 0.1: expected 1 for bool");
  refuses(MAPPER_TYPE_BOOL, "register: CoilRegister, offset: 0, limit: 8",
          "limit: 8: expected 1 for bool; several bits are read as int, uint8 to uint64, or bytes");
  refuses(MAPPER_TYPE_I64, "register: CoilRegister, offset: 0, limit: 65",
          "limit: 65: expected at most 64 bits for int");
}

static void writes(mapper_type model, const char *settings, mapper_value value,
                   const uint8_t *expected, size_t size) {
  problem problem;
  point point = parsed(model, settings, &problem);
  CHECK_TEXT(problem.text, "");
  uint8_t out[256];
  memset(out, 0xee, sizeof out);
  CHECK_INT(codec_write(&point.codec, point_is_bits(&point), &value, out, &problem), MAPPER_OK);
  CHECK_TEXT(problem.text, "");
  if (!CHECK(memcmp(out, expected, size) == 0 && out[size] == 0xee))
    printf("  with %s\n", settings);
}

#define EXPECT(...) DATA(__VA_ARGS__), sizeof(DATA(__VA_ARGS__))

TEST(numbers_are_written_in_all_orders) {
  for (size_t i = 0; i < 4; i++) {
    writes(MAPPER_TYPE_I64, with("dataType: uint32", orders[i].order), INT(0x01020304),
           orders[i].two, 4);
    writes(MAPPER_TYPE_I64, with("dataType: uint64", orders[i].order), INT(0x0102030405060708),
           orders[i].four, 8);
  }
  writes(MAPPER_TYPE_F64, HOLDING "dataType: float32, byteOrder: CDAB", REAL(21.5),
         EXPECT(0, 0, 0x41, 0xac));
  writes(MAPPER_TYPE_F64, HOLDING "dataType: float64", mapper_float(MAPPER_TYPE_F32, -1.25),
         EXPECT(0xbf, 0xf4, 0, 0, 0, 0, 0, 0));
  writes(MAPPER_TYPE_I64, HOLDING "dataType: int16", INT(-2), EXPECT(0xff, 0xfe));
  writes(MAPPER_TYPE_BOOL, HOLDING, mapper_bool(true), EXPECT(0, 1));
  writes(MAPPER_TYPE_BOOL, "register: CoilRegister, offset: 0", mapper_bool(true), EXPECT(1));
  writes(MAPPER_TYPE_I64, "register: CoilRegister, offset: 0", INT(1), EXPECT(1));
  writes(MAPPER_TYPE_I64, "register: CoilRegister, offset: 0, limit: 5", INT(0x15),
         EXPECT(1, 0, 1, 0, 1));
}

TEST(a_write_is_divided_by_the_scale_and_rounded) {
  writes(MAPPER_TYPE_F64, HOLDING "dataType: uint16, scale: 0.1", REAL(21.5), EXPECT(0, 215));
  writes(MAPPER_TYPE_F64, HOLDING "dataType: uint16, scale: 0.1", REAL(21.449999), EXPECT(0, 214));
  writes(MAPPER_TYPE_F64, HOLDING "dataType: int16, scale: 2", REAL(-3),
         EXPECT(0xff, 0xfe) /* -1.5, away from zero */);
  writes(MAPPER_TYPE_F64, HOLDING "dataType: int16", REAL(7.4), EXPECT(0, 7));
  writes(MAPPER_TYPE_F64, HOLDING "dataType: uint16", REAL(-0.4), EXPECT(0, 0));
}

TEST(the_ends_of_each_range_are_written) {
  writes(MAPPER_TYPE_I64, HOLDING "dataType: int16", INT(-32768), EXPECT(0x80, 0));
  writes(MAPPER_TYPE_I64, HOLDING "dataType: uint32", INT(4294967295),
         EXPECT(0xff, 0xff, 0xff, 0xff));
  writes(MAPPER_TYPE_I64, HOLDING "dataType: int64", INT(INT64_MIN),
         EXPECT(0x80, 0, 0, 0, 0, 0, 0, 0));
  writes(MAPPER_TYPE_I64, HOLDING "dataType: uint64", mapper_uint(MAPPER_TYPE_U64, UINT64_MAX),
         EXPECT(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff));
  writes(MAPPER_TYPE_I64, HOLDING "dataType: int64", REAL(-0x1p63),
         EXPECT(0x80, 0, 0, 0, 0, 0, 0, 0));
}

static void cannot_write(mapper_type model, const char *settings, mapper_value value,
                         mapper_status status, const char *text) {
  problem problem;
  point point = parsed(model, settings, &problem);
  CHECK_TEXT(problem.text, "");
  uint8_t out[256];
  CHECK_INT(codec_write(&point.codec, point_is_bits(&point), &value, out, &problem), status);
  CHECK_TEXT(problem.text, text);
}

TEST(a_value_out_of_range_is_refused_with_value_and_range) {
  cannot_write(MAPPER_TYPE_I64, HOLDING "dataType: uint16", INT(70000), MAPPER_INVALID,
               "70000 is outside 0 to 65535 (uint16)");
  cannot_write(MAPPER_TYPE_I64, HOLDING "dataType: uint16", INT(-1), MAPPER_INVALID,
               "-1 is outside 0 to 65535 (uint16)");
  cannot_write(MAPPER_TYPE_I64, HOLDING "dataType: int16", INT(32768), MAPPER_INVALID,
               "32768 is outside -32768 to 32767 (int16)");
  cannot_write(MAPPER_TYPE_F64, HOLDING "dataType: uint16, scale: 0.1", REAL(7000), MAPPER_INVALID,
               "7000 is outside 0 to 6553.5 (uint16 with scale 0.1)");
  cannot_write(MAPPER_TYPE_F64, HOLDING "dataType: int16, scale: -1", REAL(32769), MAPPER_INVALID,
               "32769 is outside -32767 to 32768 (int16 with scale -1)");
  cannot_write(MAPPER_TYPE_I64, HOLDING "dataType: uint64", INT(-1), MAPPER_INVALID,
               "-1 is outside 0 to 18446744073709551615 (uint64)");
  cannot_write(
      MAPPER_TYPE_I64, HOLDING "dataType: int64", REAL(0x1p63), MAPPER_INVALID,
      "9.22337203685478e+18 is outside -9223372036854775808 to 9223372036854775807 (int64)");
  cannot_write(
      MAPPER_TYPE_I64, HOLDING "dataType: int64", mapper_uint(MAPPER_TYPE_U64, UINT64_MAX),
      MAPPER_INVALID,
      "18446744073709551615 is outside -9223372036854775808 to 9223372036854775807 (int64)");
  cannot_write(MAPPER_TYPE_F64, HOLDING "dataType: float32", REAL(1e39), MAPPER_INVALID,
               "1e+39 is outside -3.40282346638529e+38 to 3.40282346638529e+38 (float32)");
  cannot_write(MAPPER_TYPE_F64, HOLDING "dataType: float32", REAL(NAN), MAPPER_INVALID,
               "nan is not a finite number");
  cannot_write(MAPPER_TYPE_F64, HOLDING "dataType: int16", REAL(NAN), MAPPER_INVALID,
               "nan is outside -32768 to 32767 (int16)");
  cannot_write(MAPPER_TYPE_BOOL, "register: CoilRegister, offset: 0", INT(2), MAPPER_INVALID,
               "2 is outside 0 to 1 (bool)");
  cannot_write(MAPPER_TYPE_I64, "register: CoilRegister, offset: 0, limit: 3", INT(8),
               MAPPER_INVALID, "8 is outside 0 to 7 (uint3)");
  cannot_write(MAPPER_TYPE_I64, HOLDING "dataType: uint8", INT(256), MAPPER_INVALID,
               "256 is outside 0 to 255 (uint8)");
  cannot_write(MAPPER_TYPE_I64, HOLDING "bit: 4, bitCount: 3", INT(8), MAPPER_INVALID,
               "8 is outside 0 to 7 (uint3)");
  cannot_write(MAPPER_TYPE_F64, HOLDING "dataType: uint16, scale: 0.5, valueOffset: -40", REAL(-41),
               MAPPER_INVALID,
               "-41 is outside -40 to 32727.5 (uint16 with scale 0.5 and valueOffset -40)");
  cannot_write(MAPPER_TYPE_F64, HOLDING "dataType: int16, valueOffset: 100", REAL(40000),
               MAPPER_INVALID, "40000 is outside -32668 to 32867 (int16 with valueOffset 100)");
  cannot_write(MAPPER_TYPE_I64, HOLDING, mapper_data(MAPPER_TYPE_TEXT, "7", 1), MAPPER_TYPE,
               "expected a number or a truth value");
}

TEST(bits_of_a_register_are_read_alone) {
  /* 0xa5c3 is 1010'0101'1100'0011 */
  reads_int(HOLDING "bit: 0", DATA(0xa5, 0xc3), MAPPER_TYPE_BOOL, 1);
  reads_int(HOLDING "bit: 2", DATA(0xa5, 0xc3), MAPPER_TYPE_BOOL, 0);
  reads_int(HOLDING "bit: 15", DATA(0xa5, 0xc3), MAPPER_TYPE_BOOL, 1);
  reads_int(HOLDING "bit: 6, bitCount: 4", DATA(0xa5, 0xc3), MAPPER_TYPE_U8, 7);
  reads_int(HOLDING "bit: 4, bitCount: 12", DATA(0xa5, 0xc3), MAPPER_TYPE_U16, 0xa5c);
  reads_int(HOLDING "bit: 0, bitCount: 16", DATA(0xa5, 0xc3), MAPPER_TYPE_U16, 0xa5c3);
  reads_int(HOLDING "bit: 8, isSwap: true", DATA(0xa5, 0xc3), MAPPER_TYPE_BOOL, 1);
  reads_int(HOLDING "bit: 0, bitCount: 8, byteOrder: BADC", DATA(0xa5, 0xc3), MAPPER_TYPE_U8, 0xa5);
  /* With a type of its own, the highest bit is the sign. */
  reads_int(HOLDING "bit: 6, bitCount: 2, dataType: int16", DATA(0xa5, 0xc3), MAPPER_TYPE_I8, -1);
  reads_int(HOLDING "bit: 6, bitCount: 1, dataType: uint8", DATA(0xa5, 0xc3), MAPPER_TYPE_U8, 1);
  reads_real(HOLDING "bit: 6, bitCount: 4, scale: 0.5", DATA(0xa5, 0xc3), MAPPER_TYPE_F64, 3.5);
}

TEST(wrong_bits_are_refused_with_what_was_expected) {
  refuses(MAPPER_TYPE_BOOL, HOLDING "bit: 16", "bit: 16: expected a whole number from 0 to 15");
  refuses(MAPPER_TYPE_I64, HOLDING "bit: 10, bitCount: 7",
          "bitCount: 7: expected at most 6 from bit 10 on");
  refuses(MAPPER_TYPE_BOOL, HOLDING "bit: 1, bitCount: 2",
          "bitCount: 2: expected at most 1 for bool");
  refuses(MAPPER_TYPE_I64, HOLDING "bit: 1, bitCount: 9, dataType: uint8",
          "bitCount: 9: expected at most 8 for uint8");
  refuses(MAPPER_TYPE_I64, HOLDING "bitCount: 2",
          "bit: missing: expected 0 to 15, since bitCount is given");
  refuses(MAPPER_TYPE_TEXT, HOLDING "bit: 1",
          "bit: 1: expected bool, int, int8, uint8, int16 or uint16, not string");
  refuses(MAPPER_TYPE_I64, HOLDING "bit: 1, dataType: float32",
          "bit: 1: expected bool, int, int8, uint8, int16 or uint16, not float32");
  refuses(MAPPER_TYPE_I64, HOLDING "bit: 1, limit: 2",
          "limit: 2: expected 1: bit counts within one register");
  refuses(MAPPER_TYPE_BOOL, "register: CoilRegister, offset: 0, bit: 1",
          "bit: 1: expected an InputRegister or HoldingRegister");
  refuses(MAPPER_TYPE_BOOL, HOLDING "bit: 1, valueOffset: 2",
          "valueOffset: 2: expected 0 for bool");
  refuses(MAPPER_TYPE_I64, HOLDING "padding: space",
          "padding: space: expected only for dataType string");
  refuses(MAPPER_TYPE_TEXT, HOLDING "limit: 2, padding: zero",
          "padding: \"zero\": expected nul or space");
}

TEST(bits_are_written_in_their_place_and_leave_the_rest_zero) {
  writes(MAPPER_TYPE_BOOL, HOLDING "bit: 9", mapper_bool(true), EXPECT(2, 0));
  writes(MAPPER_TYPE_I64, HOLDING "bit: 6, bitCount: 4", INT(7), EXPECT(1, 0xc0));
  writes(MAPPER_TYPE_I64, HOLDING "bit: 6, bitCount: 4, isSwap: true", INT(7), EXPECT(0xc0, 1));
  writes(MAPPER_TYPE_I64, HOLDING "bit: 4, bitCount: 4, dataType: int16", INT(-2), EXPECT(0, 0xe0));
  writes(MAPPER_TYPE_I64, HOLDING "dataType: int8", INT(-2), EXPECT(0, 0xfe));
  writes(MAPPER_TYPE_I64, HOLDING "dataType: uint8, isSwap: true", INT(0x12), EXPECT(0x12, 0));
  problem problem;
  uint8_t mask[2];
  point point = parsed(MAPPER_TYPE_I64, HOLDING "bit: 6, bitCount: 4", &problem);
  codec_part_mask(&point.codec, mask);
  CHECK(mask[0] == 3 && mask[1] == 0xc0);
  point = parsed(MAPPER_TYPE_I64, HOLDING "dataType: uint8, isSwap: true", &problem);
  codec_part_mask(&point.codec, mask);
  CHECK(mask[0] == 0xff && mask[1] == 0);
}

TEST(an_offset_is_added_after_the_scale_and_taken_off_before_it) {
  reads_real(HOLDING "dataType: uint16, scale: 0.5, valueOffset: -40", DATA(0, 123),
             MAPPER_TYPE_F64, 21.5);
  reads_real(HOLDING "dataType: int16, valueOffset: 273.15", DATA(0xff, 0xff), MAPPER_TYPE_F64,
             272.15);
  reads_real(HOLDING "dataType: float32, valueOffset: 1", DATA(0x41, 0xac, 0, 0), MAPPER_TYPE_F64,
             22.5);
  writes(MAPPER_TYPE_F64, HOLDING "dataType: uint16, scale: 0.5, valueOffset: -40", REAL(21.5),
         EXPECT(0, 123));
  writes(MAPPER_TYPE_I64, HOLDING "dataType: int16, valueOffset: 100", INT(98), EXPECT(0xff, 0xfe));
  writes(MAPPER_TYPE_F64, HOLDING "dataType: float32, valueOffset: 1", REAL(22.5),
         EXPECT(0x41, 0xac, 0, 0));
}

static size_t block(mapper_type model, const char *settings, const uint8_t *data, uint16_t offset,
                    char out[64]) {
  problem problem;
  point point = parsed(model, settings, &problem);
  CHECK_TEXT(problem.text, "");
  memset(out, 0, 64);
  return codec_read_block(&point.codec, point_is_bits(&point), data, offset, (uint8_t *)out);
}

TEST(text_is_read_up_to_the_first_nul_in_any_order) {
  char out[64];
  CHECK_INT(block(MAPPER_TYPE_TEXT, HOLDING "limit: 4", (const uint8_t *)"pump\0\0\0\0", 0, out),
            4);
  CHECK_TEXT(out, "pump");
  block(MAPPER_TYPE_TEXT, HOLDING "limit: 2, isSwap: true", (const uint8_t *)"uppm", 0, out);
  CHECK_TEXT(out, "pump");
  block(MAPPER_TYPE_TEXT, HOLDING "limit: 2, isRegisterSwap: true", (const uint8_t *)"mppu", 0,
        out);
  CHECK_TEXT(out, "pump");
  CHECK_INT(block(MAPPER_TYPE_BYTES, HOLDING "limit: 2", DATA(0, 1, 0, 2), 0, out), 4);
  CHECK(memcmp(out, "\0\1\0\2", 4) == 0);
}

TEST(text_may_be_padded_with_spaces) {
  char out[64];
  CHECK_INT(block(MAPPER_TYPE_TEXT, HOLDING "limit: 4, padding: space",
                  (const uint8_t *)"a b    \0", 0, out),
            3);
  CHECK(memcmp(out, "a b", 3) == 0);
  CHECK_INT(
      block(MAPPER_TYPE_TEXT, HOLDING "limit: 2, padding: space", (const uint8_t *)"    ", 0, out),
      0);
  /* The usual padding leaves spaces alone. */
  CHECK_INT(block(MAPPER_TYPE_TEXT, HOLDING "limit: 2", (const uint8_t *)"a  \0", 0, out), 3);
  writes(MAPPER_TYPE_TEXT, HOLDING "limit: 3, padding: space",
         mapper_data(MAPPER_TYPE_TEXT, "abc", 3), EXPECT('a', 'b', 'c', ' ', ' ', ' '));
}

TEST(bits_are_read_from_any_bit_on) {
  char out[64];
  /* 12 bits from bit 3 of 0xb8 0x3a: 0b0111'0101'0111 */
  CHECK_INT(block(MAPPER_TYPE_BYTES, "register: CoilRegister, offset: 0, limit: 12",
                  DATA(0xb8, 0x3a), 3, out),
            2);
  CHECK_INT((uint8_t)out[0], 0x57);
  CHECK_INT((uint8_t)out[1], 0x07);
}

TEST(text_and_bytes_are_written_padded_and_swapped) {
  writes(MAPPER_TYPE_TEXT, HOLDING "limit: 3", mapper_data(MAPPER_TYPE_TEXT, "abc", 3),
         EXPECT('a', 'b', 'c', 0, 0, 0));
  writes(MAPPER_TYPE_TEXT, HOLDING "limit: 2, isSwap: true",
         mapper_data(MAPPER_TYPE_TEXT, "pump", 4), EXPECT('u', 'p', 'p', 'm'));
  writes(MAPPER_TYPE_BYTES, HOLDING "limit: 1", mapper_data(MAPPER_TYPE_BYTES, "\1\2", 2),
         EXPECT(1, 2));
  writes(MAPPER_TYPE_BYTES, "register: CoilRegister, offset: 0, limit: 10",
         mapper_data(MAPPER_TYPE_BYTES, "\x01\x02", 2), EXPECT(1, 0, 0, 0, 0, 0, 0, 0, 0, 1));
  cannot_write(MAPPER_TYPE_TEXT, HOLDING "limit: 1", mapper_data(MAPPER_TYPE_TEXT, "abc", 3),
               MAPPER_INVALID, "3 bytes: expected at most 2 (1 registers)");
  cannot_write(MAPPER_TYPE_BYTES, HOLDING "limit: 2", mapper_data(MAPPER_TYPE_BYTES, "abc", 3),
               MAPPER_INVALID, "3 bytes: expected 4 (2 registers)");
}

TEST(utf8_is_told_from_what_is_not) {
  static const char *const good[] = {"",
                                     "pump",
                                     "\xc3\xa9",
                                     "\xe2\x82\xac",
                                     "\xf0\x9f\x98\x80",
                                     "\xed\x9f\xbf",
                                     "\xf4\x8f\xbf\xbf"};
  static const char *const bad[] = {"\x80",
                                    "\xc3",
                                    "\xc0\xaf",
                                    "\xe2\x82",
                                    "\xe0\x9f\xbf",
                                    "\xed\xa0\x80",
                                    "\xf4\x90\x80\x80",
                                    "\xff",
                                    "caf\xe9",
                                    "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80",
                                    "\xff\x80\x80\x80\x80\x80\x80\x80\x80\x80"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    CHECK(codec_is_utf8((const uint8_t *)good[i], strlen(good[i])));
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    CHECK(!codec_is_utf8((const uint8_t *)bad[i], strlen(bad[i])));
}
