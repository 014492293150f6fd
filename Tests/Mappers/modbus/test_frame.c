/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames byte by byte, against the examples' layout of the Modbus messaging guide.
 */
#include "check.h"
#include "frame.h"

#define BYTES(...) ((const uint8_t[]){__VA_ARGS__}), sizeof((const uint8_t[]){__VA_ARGS__})

static bool encodes(const frame_request *request, const uint8_t *expected, size_t size) {
  uint8_t out[FRAME_LARGEST];
  return frame_encode(request, 0x1234, out) == size && memcmp(out, expected, size) == 0;
}

TEST(a_read_request_is_header_unit_function_address_quantity) {
  frame_request request = {17, 3, 107, 3, NULL};
  /* transaction, protocol, length 6, unit 17, function 3, address 107, 3 registers */
  CHECK(encodes(&request, BYTES(0x12, 0x34, 0, 0, 0, 6, 17, 3, 0, 107, 0, 3)));
}

TEST(write_requests_carry_their_values) {
  frame_request one = {1, 6, 0x0102, 1, (const uint8_t[]){0xab, 0xcd}};
  CHECK(encodes(&one, BYTES(0x12, 0x34, 0, 0, 0, 6, 1, 6, 1, 2, 0xab, 0xcd)));
  frame_request coil = {1, 5, 7, 1, (const uint8_t[]){0xff, 0}};
  CHECK(encodes(&coil, BYTES(0x12, 0x34, 0, 0, 0, 6, 1, 5, 0, 7, 0xff, 0)));
  frame_request several = {1, 16, 5, 2, (const uint8_t[]){1, 2, 3, 4}};
  CHECK(encodes(&several, BYTES(0x12, 0x34, 0, 0, 0, 11, 1, 16, 0, 5, 0, 2, 4, 1, 2, 3, 4)));
  frame_request coils = {1, 15, 5, 10, (const uint8_t[]){0xcd, 0x01}};
  CHECK(encodes(&coils, BYTES(0x12, 0x34, 0, 0, 0, 9, 1, 15, 0, 5, 0, 10, 2, 0xcd, 0x01)));
}

static const frame_request two_registers = {1, 3, 0, 2, NULL};

static frame_verdict scan(const uint8_t *bytes, size_t size, const frame_request *request,
                          frame_answer *answer) {
  return frame_scan(bytes, size, request, 7, answer);
}

TEST(the_data_of_an_answer_is_found) {
  frame_answer answer;
  const uint8_t bytes[] = {0, 7, 0, 0, 0, 7, 1, 3, 4, 0xde, 0xad, 0xbe, 0xef, 0x99};
  CHECK_INT(scan(bytes, sizeof bytes, &two_registers, &answer), FRAME_DATA);
  CHECK_INT(answer.size, 13);
  CHECK_INT(answer.data_size, 4);
  CHECK(answer.data == bytes + 9);
}

TEST(every_shorter_piece_of_an_answer_is_partial) {
  const uint8_t bytes[] = {0, 7, 0, 0, 0, 7, 1, 3, 4, 0xde, 0xad, 0xbe, 0xef};
  for (size_t size = 0; size < sizeof bytes; size++) {
    frame_answer answer;
    CHECK_INT(scan(bytes, size, &two_registers, &answer), FRAME_PARTIAL);
  }
}

TEST(another_transaction_is_told_from_the_answer) {
  frame_answer answer;
  CHECK_INT(scan(BYTES(0, 6, 0, 0, 0, 7, 1, 3, 4, 1, 2, 3, 4), &two_registers, &answer),
            FRAME_OTHER);
  CHECK_INT(answer.size, 13);
}

TEST(an_exception_is_told_with_its_code) {
  frame_answer answer;
  CHECK_INT(scan(BYTES(0, 7, 0, 0, 0, 3, 1, 0x83, 2), &two_registers, &answer), FRAME_EXCEPTION);
  CHECK_INT(answer.exception, 2);
}

TEST(an_answer_that_does_not_fit_the_request_is_wrong_and_says_how) {
  frame_answer answer;
  CHECK_INT(scan(BYTES(0, 7, 0, 0, 0, 7, 2, 3, 4, 1, 2, 3, 4), &two_registers, &answer),
            FRAME_WRONG);
  CHECK_TEXT(answer.what, "unit");
  CHECK_INT(scan(BYTES(0, 7, 0, 0, 0, 7, 1, 4, 4, 1, 2, 3, 4), &two_registers, &answer),
            FRAME_WRONG);
  CHECK_TEXT(answer.what, "function");
  CHECK_INT(scan(BYTES(0, 7, 0, 0, 0, 7, 1, 0x84, 4, 1, 2, 3, 4), &two_registers, &answer),
            FRAME_WRONG);
  CHECK_INT(scan(BYTES(0, 7, 0, 0, 0, 7, 1, 3, 6, 1, 2, 3, 4), &two_registers, &answer),
            FRAME_WRONG);
  CHECK_TEXT(answer.what, "byte count");
  CHECK_INT(answer.found, 6);
  CHECK_INT(answer.expected, 4);
  CHECK_INT(scan(BYTES(0, 7, 0, 0, 0, 5, 1, 3, 4, 1, 2), &two_registers, &answer), FRAME_WRONG);
  CHECK_TEXT(answer.what, "bytes of data");
  CHECK_INT(scan(BYTES(0, 7, 0, 0, 0, 4, 1, 0x83, 2, 0), &two_registers, &answer), FRAME_WRONG);
}

TEST(a_confirmation_of_a_write_must_repeat_address_and_value) {
  frame_answer answer;
  frame_request one = {1, 6, 3, 1, (const uint8_t[]){0xab, 0xcd}};
  CHECK_INT(scan(BYTES(0, 7, 0, 0, 0, 6, 1, 6, 0, 3, 0xab, 0xcd), &one, &answer), FRAME_DATA);
  CHECK_INT(scan(BYTES(0, 7, 0, 0, 0, 6, 1, 6, 0, 4, 0xab, 0xcd), &one, &answer), FRAME_WRONG);
  CHECK_INT(scan(BYTES(0, 7, 0, 0, 0, 6, 1, 6, 0, 3, 0xab, 0xce), &one, &answer), FRAME_WRONG);
  frame_request several = {1, 16, 3, 2, (const uint8_t[]){1, 2, 3, 4}};
  CHECK_INT(scan(BYTES(0, 7, 0, 0, 0, 6, 1, 16, 0, 3, 0, 2), &several, &answer), FRAME_DATA);
  CHECK_INT(scan(BYTES(0, 7, 0, 0, 0, 6, 1, 16, 0, 3, 0, 1), &several, &answer), FRAME_WRONG);
  CHECK_INT(scan(BYTES(0, 7, 0, 0, 0, 4, 1, 16, 0, 3), &several, &answer), FRAME_WRONG);
}

TEST(what_is_no_frame_is_out_of_step_as_soon_as_it_shows) {
  frame_answer answer;
  CHECK_INT(scan(BYTES('H', 'T', 'T', 'P', '/', '1'), &two_registers, &answer), FRAME_BROKEN);
  CHECK_TEXT(answer.what, "protocol");
  CHECK_INT(scan(BYTES(0, 7, 0, 0, 0, 0), &two_registers, &answer), FRAME_BROKEN);
  CHECK_INT(scan(BYTES(0, 7, 0, 0, 0, 2), &two_registers, &answer), FRAME_BROKEN);
  CHECK_INT(scan(BYTES(0, 7, 0, 0, 0, 255), &two_registers, &answer), FRAME_BROKEN);
  CHECK_TEXT(answer.what, "length");
}

static const char *name_of(frame_space space, unsigned address) {
  static char text[40];
  frame_name(space, (uint16_t)address, text, sizeof text);
  return text;
}

TEST(addresses_are_named_as_in_manuals) {
  CHECK_TEXT(name_of(SPACE_HOLDING_REGISTER, 16), "holding register 40017");
  CHECK_TEXT(name_of(SPACE_INPUT_REGISTER, 0), "input register 30001");
  CHECK_TEXT(name_of(SPACE_DISCRETE_INPUT, 4), "discrete input 10005");
  CHECK_TEXT(name_of(SPACE_COIL, 0), "coil 1");
  CHECK_TEXT(name_of(SPACE_HOLDING_REGISTER, 9998), "holding register 49999");
  CHECK_TEXT(name_of(SPACE_HOLDING_REGISTER, 9999), "holding register 410000");
  CHECK_TEXT(name_of(SPACE_INPUT_REGISTER, 65535), "input register 365536");
  CHECK_TEXT(name_of(SPACE_COIL, 65535), "coil 65536");
}
