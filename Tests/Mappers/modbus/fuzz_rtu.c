/* SPDX-License-Identifier: Apache-2.0
 *
 * Arbitrary bytes from a serial line as the answer to an arbitrary request. Byte 0 is the unit,
 * byte 1 the function, 2 to 4 address and quantity, byte 5 asks for right CRCs: else next to none
 * of what comes would be looked at behind them.
 */
#include <stdlib.h>
#include <string.h>

#include "rtu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Puts the CRC that belongs there behind each frame, as far as the bytes can be measured. */
static void seal(uint8_t *bytes, size_t size) {
  size_t at = 0;
  while (at + 1 < size) {
    int pdu = frame_pdu_size(bytes + at + 1, size - at - 1);
    size_t whole = (size_t)pdu + 3;
    if (pdu <= 0 || whole > size - at) return;
    uint16_t crc = rtu_crc(bytes + at, whole - 2);
    bytes[at + whole - 2] = (uint8_t)crc;
    bytes[at + whole - 1] = (uint8_t)(crc >> 8);
    at += whole;
  }
}

/* What exchange.c and identity.c take from an answer lies within it. */
static void check(const frame_answer *answer, const frame_request *request, const uint8_t *bytes,
                  size_t size) {
  if (answer->data && (answer->data < bytes || answer->data + answer->data_size > bytes + size))
    abort();
  if (request->function != FUNCTION_IDENTIFICATION || !answer->data) return;
  const uint8_t *at = answer->data + 5, *end = answer->data + answer->data_size;
  for (unsigned left = answer->data[4]; left; left--) {
    if (end - at < 2 || end - at < 2 + at[1]) abort();
    at += 2 + at[1];
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const uint8_t functions[] = {1, 2, 3, 4, 5, 6, 15, 16, 22, 43};
  if (size < 6) return 0;
  frame_request request = {data[0], functions[data[1] % 10], (uint16_t)(data[2] << 8 | data[3]), 1,
                           data + 2};
  if (request.function <= 2) request.quantity = (uint16_t)(1 + data[4] * 8 % 2000);
  if (request.function == 3 || request.function == 4)
    request.quantity = (uint16_t)(1 + data[4] % 125);
  if (request.function == FUNCTION_IDENTIFICATION) request.quantity = 1 + data[4] % 4;
  if (rtu_answer_size(&request) > RTU_LARGEST) abort();

  size_t left = size - 6;
  uint8_t *bytes = malloc(left ? left : 1);
  if (!bytes) abort();
  if (left) memcpy(bytes, data + 6, left);
  if (data[5] & 1) seal(bytes, left);
  for (size_t at = 0; at < left;) {
    frame_answer answer;
    /* Of exactly that size, so that reading past it is seen. */
    uint8_t *piece = malloc(left - at);
    if (!piece) abort();
    memcpy(piece, bytes + at, left - at);
    frame_verdict verdict = rtu_scan(piece, left - at, &request, &answer);
    bool is_whole = verdict != FRAME_PARTIAL && verdict != FRAME_BROKEN;
    if (is_whole && (answer.size < 5 || answer.size > left - at)) abort();
    if (verdict == FRAME_DATA) check(&answer, &request, piece, answer.size);
    free(piece);
    if (!is_whole) break;
    at += answer.size;
  }
  free(bytes);
  return 0;
}
