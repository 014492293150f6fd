/* SPDX-License-Identifier: Apache-2.0 */
#include "rtu.h"

#include <string.h>

/* Of each half byte: two steps a byte, without a table of 512 bytes. */
static const uint16_t crc_steps[16] = {0x0000, 0xcc01, 0xd801, 0x1400, 0xf001, 0x3c00,
                                       0x2800, 0xe401, 0xa001, 0x6c00, 0x7800, 0xb401,
                                       0x5000, 0x9c01, 0x8801, 0x4400};

uint16_t rtu_crc(const uint8_t *bytes, size_t size) {
  unsigned crc = 0xffff;
  for (size_t i = 0; i < size; i++) {
    crc ^= bytes[i];
    crc = crc >> 4 ^ crc_steps[crc & 15];
    crc = crc >> 4 ^ crc_steps[crc & 15];
  }
  return (uint16_t)crc;
}

size_t rtu_encode(const frame_request *request, uint8_t *out) {
  size_t size = 1 + frame_encode_pdu(request, out + 1);
  out[0] = request->unit;
  uint16_t crc = rtu_crc(out, size);
  out[size] = (uint8_t)crc;
  out[size + 1] = (uint8_t)(crc >> 8);
  return size + 2;
}

/* The frame that begins with bytes[0], if there is one. */
static frame_verdict scan_here(const uint8_t *bytes, size_t size, const frame_request *request,
                               frame_answer *answer) {
  memset(answer, 0, sizeof *answer);
  if (size < 2) return FRAME_PARTIAL;
  int pdu = frame_pdu_size(bytes + 1, size - 1);
  if (pdu < 0) return frame_differs(answer, FRAME_BROKEN, "function", bytes[1], request->function);
  size_t whole = (size_t)pdu + 3;
  if (pdu == 0 || size < whole) return FRAME_PARTIAL;
  unsigned found = (unsigned)bytes[whole - 1] << 8 | bytes[whole - 2];
  unsigned expected = rtu_crc(bytes, whole - 2);
  if (found != expected) return frame_differs(answer, FRAME_BROKEN, "CRC", found, expected);
  answer->size = whole;
  if (bytes[0] != request->unit)
    return frame_differs(answer, FRAME_OTHER, "unit", bytes[0], request->unit);
  return frame_scan_pdu(bytes + 1, (unsigned)pdu, request, answer);
}

static bool is_answer(frame_verdict verdict) {
  return verdict == FRAME_DATA || verdict == FRAME_EXCEPTION;
}

/* Whether the answer may begin at bytes[0], as far as it is there. */
static bool may_begin(const uint8_t *bytes, size_t size, const frame_request *request) {
  return bytes[0] == request->unit && (size < 2 || (bytes[1] & 0x7f) == request->function);
}

frame_verdict rtu_scan(const uint8_t *bytes, size_t size, const frame_request *request,
                       frame_answer *answer) {
  frame_verdict verdict = scan_here(bytes, size, request, answer);
  if (verdict != FRAME_BROKEN && verdict != FRAME_PARTIAL) return verdict;
  /* Transceivers that switch over make a byte or two out of nothing: the answer may begin later. */
  bool is_nothing = verdict == FRAME_BROKEN && strcmp(answer->what, "function") == 0;
  bool is_to_come = verdict == FRAME_PARTIAL || (is_nothing && size < rtu_answer_size(request));
  for (size_t at = 1; at < size; at++) {
    frame_answer later;
    if (!may_begin(bytes + at, size - at, request)) continue;
    frame_verdict then = scan_here(bytes + at, size - at, request, &later);
    is_to_come |= then == FRAME_PARTIAL;
    if (!is_answer(then)) continue;
    *answer = later;
    answer->size += at;
    return then;
  }
  return is_to_come ? FRAME_PARTIAL : FRAME_BROKEN;
}

size_t rtu_answer_size(const frame_request *request) {
  switch (request->function) {
  case 1:
  case 2:
    return 5u + (request->quantity + 7u) / 8;
  case 3:
  case 4:
    return 5u + request->quantity * 2u;
  case FUNCTION_IDENTIFICATION:
    return RTU_LARGEST;
  default:
    return 10;
  }
}
