/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames of serial lines, byte by byte.
 */
#include "check.h"
#include "rtu.h"

#define BYTES(...) ((const uint8_t[]){__VA_ARGS__}), sizeof((const uint8_t[]){__VA_ARGS__})

TEST(the_crc_is_that_of_known_frames) {
  /* The check value that catalogues of CRCs give for this one. */
  CHECK_INT(rtu_crc((const uint8_t *)"123456789", 9), 0x4b37);
  CHECK_INT(rtu_crc(BYTES(0)), 0x40bf);
  CHECK_INT(rtu_crc((const uint8_t *)"", 0), 0xffff);
  /* A frame and its CRC together give 0. */
  CHECK_INT(rtu_crc(BYTES(1, 3, 0, 0, 0, 10, 0xc5, 0xcd)), 0);
  CHECK_INT(rtu_crc(BYTES(1, 4, 2, 0xff, 0xff, 0xb8, 0x80)), 0);
}

static bool encodes(const frame_request *request, const uint8_t *expected, size_t size) {
  uint8_t out[RTU_LARGEST];
  return rtu_encode(request, out) == size && memcmp(out, expected, size) == 0;
}

TEST(a_request_is_unit_pdu_and_crc) {
  frame_request read = {1, 3, 0, 10, NULL};
  CHECK(encodes(&read, BYTES(1, 3, 0, 0, 0, 10, 0xc5, 0xcd)));
  frame_request write = {17, 6, 1, 1, (const uint8_t[]){0, 3}};
  CHECK(encodes(&write, BYTES(17, 6, 0, 1, 0, 3, 0x9a, 0x9b)));
  frame_request mask = {1, 22, 4, 1, (const uint8_t[]){0, 0xf2, 0, 0x25}};
  uint8_t out[RTU_LARGEST];
  CHECK_INT(rtu_encode(&mask, out), 10);
  CHECK(memcmp(out, ((const uint8_t[]){1, 22, 0, 4, 0, 0xf2, 0, 0x25}), 8) == 0);
  CHECK_INT(rtu_crc(out, 10), 0);
  frame_request identification = {1, 43, 0, 1, NULL};
  CHECK_INT(rtu_encode(&identification, out), 7);
  CHECK(memcmp(out, ((const uint8_t[]){1, 43, 14, 1, 0}), 5) == 0);
}

TEST(the_largest_write_fits_the_largest_frame) {
  uint8_t values[246] = {0}, out[RTU_LARGEST];
  frame_request write = {1, 16, 0, 123, values};
  CHECK_INT(rtu_encode(&write, out), 255);
  frame_request coils = {1, 15, 0, 1968, values};
  CHECK_INT(rtu_encode(&coils, out), 255);
}

/* An answer and its CRC. */
typedef struct frame {
  size_t size;
  uint8_t bytes[RTU_LARGEST];
} frame;

static frame sealed(const uint8_t *bytes, size_t size) {
  frame frame = {.size = size + 2};
  memcpy(frame.bytes, bytes, size);
  uint16_t crc = rtu_crc(bytes, size);
  frame.bytes[size] = (uint8_t)crc;
  frame.bytes[size + 1] = (uint8_t)(crc >> 8);
  return frame;
}

static const frame_request one_register = {1, 4, 0, 1, NULL};

TEST(an_answer_is_measured_by_its_byte_count) {
  frame_answer answer;
  const uint8_t bytes[] = {1, 4, 2, 0xff, 0xff, 0xb8, 0x80, 0x99};
  CHECK_INT(rtu_scan(bytes, sizeof bytes, &one_register, &answer), FRAME_DATA);
  CHECK_INT(answer.size, 7);
  CHECK_INT(answer.data_size, 2);
  CHECK(answer.data == bytes + 3);
  for (size_t size = 0; size < 7; size++)
    CHECK_INT(rtu_scan(bytes, size, &one_register, &answer), FRAME_PARTIAL);
}

TEST(an_exception_is_five_bytes_long) {
  frame_answer answer;
  frame frame = sealed(BYTES(1, 0x84, 2));
  CHECK_INT(rtu_scan(frame.bytes, frame.size, &one_register, &answer), FRAME_EXCEPTION);
  CHECK_INT(answer.exception, 2);
  CHECK_INT(answer.size, 5);
}

TEST(a_wrong_crc_is_told_with_both) {
  frame_answer answer;
  CHECK_INT(rtu_scan(BYTES(1, 4, 2, 0xff, 0xff, 0xb8, 0x81), &one_register, &answer), FRAME_BROKEN);
  CHECK_TEXT(answer.what, "CRC");
  CHECK_INT(answer.found, 0x81b8);
  CHECK_INT(answer.expected, 0x80b8);
}

TEST(a_function_that_is_none_breaks_the_stream) {
  frame_answer answer;
  const uint8_t bytes[] = {0x77, 0x77, 0x77, 0x77, 0x77, 0x77, 0x77};
  CHECK_INT(rtu_scan(bytes, sizeof bytes, &one_register, &answer), FRAME_BROKEN);
  CHECK_TEXT(answer.what, "function");
}

TEST(the_frame_of_another_unit_is_told_from_the_answer) {
  frame_answer answer;
  frame frame = sealed(BYTES(9, 4, 2, 0, 5));
  CHECK_INT(rtu_scan(frame.bytes, frame.size, &one_register, &answer), FRAME_OTHER);
  CHECK_INT(answer.found, 9);
  CHECK_INT(answer.size, 7);
}

TEST(a_whole_frame_that_does_not_fit_the_request_is_wrong) {
  frame_answer answer;
  frame frame = sealed(BYTES(1, 3, 2, 0, 5));
  CHECK_INT(rtu_scan(frame.bytes, frame.size, &one_register, &answer), FRAME_WRONG);
  CHECK_TEXT(answer.what, "function");
  frame = sealed(BYTES(1, 4, 4, 0, 5, 0, 6));
  CHECK_INT(rtu_scan(frame.bytes, frame.size, &one_register, &answer), FRAME_WRONG);
  CHECK_TEXT(answer.what, "byte count");
}

TEST(noise_before_an_answer_is_passed_over) {
  frame_answer answer;
  const uint8_t bytes[] = {0xff, 0x00, 1, 4, 2, 0xff, 0xff, 0xb8, 0x80};
  CHECK_INT(rtu_scan(bytes, sizeof bytes, &one_register, &answer), FRAME_DATA);
  CHECK_INT(answer.size, 9);
  CHECK(answer.data == bytes + 5);
  /* Until the answer is whole, there is hope. */
  for (size_t size = 1; size < 9; size++)
    CHECK_INT(rtu_scan(bytes, size, &one_register, &answer), FRAME_PARTIAL);
}

TEST(writes_and_masks_are_confirmed_word_for_word) {
  frame_answer answer;
  frame_request mask = {1, 22, 4, 1, (const uint8_t[]){0, 0xf2, 0, 0x25}};
  frame frame = sealed(BYTES(1, 22, 0, 4, 0, 0xf2, 0, 0x25));
  CHECK_INT(rtu_scan(frame.bytes, frame.size, &mask, &answer), FRAME_DATA);
  CHECK_INT(answer.size, 10);
  frame = sealed(BYTES(1, 22, 0, 4, 0, 0xf2, 0, 0x24));
  CHECK_INT(rtu_scan(frame.bytes, frame.size, &mask, &answer), FRAME_WRONG);
  CHECK_TEXT(answer.what, "mask");
  frame_request write = {1, 6, 4, 1, (const uint8_t[]){0, 7}};
  frame = sealed(BYTES(1, 6, 0, 4, 0, 7));
  CHECK_INT(rtu_scan(frame.bytes, frame.size, &write, &answer), FRAME_DATA);
}

TEST(an_identification_is_measured_by_its_objects) {
  frame_answer answer;
  frame_request request = {1, 43, 0, 1, NULL};
  /* code 1, conformity 0x81, no more, next 0, two objects: "Acme", "T" */
  frame frame = sealed(BYTES(1, 43, 14, 1, 0x81, 0, 0, 2, 0, 4, 'A', 'c', 'm', 'e', 1, 1, 'T'));
  for (size_t size = 0; size < frame.size; size++)
    CHECK_INT(rtu_scan(frame.bytes, size, &request, &answer), FRAME_PARTIAL);
  CHECK_INT(rtu_scan(frame.bytes, frame.size, &request, &answer), FRAME_DATA);
  CHECK_INT(answer.size, frame.size);
  CHECK_INT(answer.data_size, 14);
  /* Objects that would not fit a frame. */
  CHECK_INT(frame_pdu_size(BYTES(43, 14, 1, 1, 0, 0, 2, 0, 250)), -1);
}

TEST(an_identification_over_tcp_has_all_its_objects_whole) {
  frame_answer answer;
  frame_request request = {1, 43, 0, 1, NULL};
  const uint8_t good[] = {43, 14, 1, 1, 0, 0, 1, 0, 2, 'A', 'B'};
  CHECK_INT(frame_scan_pdu(good, sizeof good, &request, &answer), FRAME_DATA);
  CHECK_INT(frame_scan_pdu(good, sizeof good - 1, &request, &answer), FRAME_WRONG);
  CHECK_TEXT(answer.what, "bytes of objects");
  const uint8_t other[] = {43, 13, 1, 1, 0, 0, 0};
  CHECK_INT(frame_scan_pdu(other, sizeof other, &request, &answer), FRAME_WRONG);
  CHECK_TEXT(answer.what, "MEI type");
}
