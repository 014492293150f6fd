/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames of serial lines: unit, PDU, CRC. No I/O.
 *
 * Such a frame does not say how long it is, and by the standard ends with a pause. Pauses get lost
 * in USB adapters, schedulers and gateways, so an answer is measured by what is in it: its function
 * and byte count. The CRC then tells whether that was right.
 */
#ifndef MODBUS_RTU_FRAME_H
#define MODBUS_RTU_FRAME_H

#include "frame.h"

enum { RTU_LARGEST = 256 /* unit, 253 bytes of PDU, CRC */ };

/* CRC-16 with polynomial 0xa001 (reflected) from 0xffff; it is sent with the low byte first. */
uint16_t rtu_crc(const uint8_t *bytes, size_t size);

/* Writes the frame to `out`, which has room for RTU_LARGEST bytes, and returns its size. */
size_t rtu_encode(const frame_request *request, uint8_t *out);

/* Looks for the answer to `request` in bytes[0..size). FRAME_OTHER is the whole frame of another
 * unit, found in answer->found: a late one, say. Noise in front of the answer is passed over, and
 * counts in answer->size. FRAME_BROKEN: what there is can no longer become an answer. */
frame_verdict rtu_scan(const uint8_t *bytes, size_t size, const frame_request *request,
                       frame_answer *answer);

/* Bytes that a right answer to `request` has on the line, or the most that it may have. */
size_t rtu_answer_size(const frame_request *request);

#endif
