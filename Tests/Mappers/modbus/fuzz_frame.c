/* SPDX-License-Identifier: Apache-2.0
 *
 * Arbitrary bytes as the answer to an arbitrary request: scanned, and decoded by points of all
 * kinds that the request could cover.
 */
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Copies to memory of exactly that size, so that reading past it is seen. */
static uint8_t *exactly(const uint8_t *data, size_t size) {
  uint8_t *copy = malloc(size ? size : 1);
  if (!copy) abort();
  if (size) memcpy(copy, data, size);
  return copy;
}

static void decode(const frame_answer *answer, const frame_request *request, uint8_t choice) {
  bool is_bits = request->function <= 2;
  uint8_t *bytes = exactly(answer->data, answer->data_size);
  for (unsigned load = 0; load <= LOAD_BLOCK; load++) {
    codec codec = {.load = (uint8_t)load,
                   .form = FORM_UNSIGNED,
                   .bits = 16,
                   .order = choice & 3,
                   .type = MAPPER_TYPE_U64,
                   .count = 1,
                   .scale = 1};
    if (is_bits != (load == LOAD_BIT || load == LOAD_BITS) && load != LOAD_BLOCK) continue;
    if (load >= LOAD_32_ABCD) codec.count = 2, codec.bits = 32;
    if (load >= LOAD_64_ABCD) codec.count = 4, codec.bits = 64;
    if (load == LOAD_BITS) codec.count = 1 + choice % 64, codec.bits = (uint8_t)codec.count;
    if (load == LOAD_BLOCK) codec.count = request->quantity, codec.form = FORM_TEXT;
    if (codec.count > request->quantity) continue;
    unsigned last = request->quantity - codec.count;
    uint16_t offset = (uint16_t)(is_bits ? last : last * 2);
    if (load == LOAD_BLOCK) {
      uint8_t *out = malloc(codec_block_capacity(&codec, is_bits));
      if (!out) abort();
      size_t length = codec_read_block(&codec, is_bits, bytes, offset, out);
      if (length > codec_block_capacity(&codec, is_bits)) abort();
      codec_is_utf8(out, length);
      free(out);
      continue;
    }
    for (uint8_t form = FORM_UNSIGNED; form <= FORM_BOOL; form++) {
      codec.form = form;
      codec.scale = choice & 4 ? 0.1 : 1;
      codec_item item = {&codec, 0, offset};
      mapper_sample sample = {.status = MAPPER_NOT_FILLED};
      codec_read_numbers(&item, 1, bytes, &sample);
      if (sample.status != MAPPER_OK) abort();
    }
  }
  free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const uint8_t functions[] = {1, 2, 3, 4, 5, 6, 15, 16, 22, 43};
  if (size < 6) return 0;
  frame_request request = {data[0], functions[data[1] % 10], (uint16_t)(data[2] << 8 | data[3]), 1,
                           data + 2};
  if (request.function <= 2) request.quantity = (uint16_t)(1 + data[4] * 8 % 2000);
  if (request.function == 3 || request.function == 4)
    request.quantity = (uint16_t)(1 + data[4] % 125);

  uint8_t *stream = exactly(data + 6, size - 6);
  size_t at = 0;
  while (at < size - 6) {
    frame_answer answer;
    /* The transaction is that of the first frame, so that the rest is looked at often. */
    uint16_t transaction = size - 6 >= 2 ? (uint16_t)(stream[0] << 8 | stream[1]) : 0;
    uint8_t *piece = exactly(stream + at, size - 6 - at);
    frame_verdict verdict = frame_scan(piece, size - 6 - at, &request, transaction, &answer);
    if (verdict == FRAME_PARTIAL || verdict == FRAME_BROKEN) {
      free(piece);
      break;
    }
    if (answer.size < 9 || answer.size > FRAME_LARGEST || answer.size > size - 6 - at) abort();
    if (verdict == FRAME_DATA && request.function <= 4) {
      if (answer.data < piece || answer.data + answer.data_size > piece + answer.size) abort();
      decode(&answer, &request, data[5]);
    }
    free(piece);
    at += answer.size;
  }
  free(stream);
  return 0;
}
