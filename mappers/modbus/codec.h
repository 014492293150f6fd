/* SPDX-License-Identifier: Apache-2.0
 *
 * How registers and bits become a value, and a value registers or bits.
 */
#ifndef MODBUS_CODEC_H
#define MODBUS_CODEC_H

#include "mapper/mapper.h"
#include "problem.h"

/* How the raw number is taken out of the data of an answer. Letters say in which order the bytes of
 * the number come, A being the highest; with four registers, pairs of registers as with two. */
typedef enum codec_load {
  LOAD_BIT,
  LOAD_BITS, /* several bits as one number, the first one lowest */
  LOAD_16,
  LOAD_16_SWAPPED,
  LOAD_PART, /* some bits of a register */
  LOAD_PART_SWAPPED,
  LOAD_32_ABCD,
  LOAD_32_BADC,
  LOAD_32_CDAB,
  LOAD_32_DCBA,
  LOAD_64_ABCD,
  LOAD_64_BADC,
  LOAD_64_CDAB,
  LOAD_64_DCBA,
  LOAD_BLOCK /* bytes: text and bytes */
} codec_load;

/* What the raw number means. */
typedef enum codec_form {
  FORM_UNSIGNED,
  FORM_SIGNED,
  FORM_FLOAT32,
  FORM_FLOAT64,
  FORM_BOOL, /* 0 is false, anything else true */
  FORM_TEXT,
  FORM_BYTES
} codec_form;

enum { ORDER_SWAP_BYTES = 1, ORDER_SWAP_REGISTERS = 2 };

typedef struct codec {
  uint8_t load;
  uint8_t form;
  uint8_t bits;                /* of a number: 1 to 64 */
  uint8_t order : 2;           /* ORDER_ flags */
  uint8_t shift : 4;           /* LOAD_PART: the lowest bit that counts, 0 to 15 */
  uint8_t is_space_padded : 1; /* text */
  mapper_type type;            /* of the value that a read gives */
  uint16_t count;              /* registers, or bits */
  double scale;                /* 1 … */
  double added;                /* … and 0: the value is the number itself */
} codec;

/* One value in an answer and its place in the host's array. */
typedef struct codec_item {
  const codec *codec; /* the point's */
  uint32_t slot;      /* in the array of samples */
  uint16_t offset;    /* in the answer's data: a byte, or a bit */
} codec_item;

/* Fills in the samples of all items that are numbers or truth values, and leaves text and bytes.
 * A float that is no finite number is there with bad quality: it says that the sensor has none. */
void codec_read_numbers(const codec_item *items, uint32_t count, const uint8_t *data,
                        mapper_sample *samples);

/* Bytes that codec_read_block may write. */
size_t codec_block_capacity(const codec *codec, bool bit_space);
/* Copies text or bytes out of an answer; returns the length, for text without its padding: what
 * follows the first NUL, or the last byte that is neither space nor NUL. */
size_t codec_read_block(const codec *codec, bool bit_space, const uint8_t *data, uint16_t offset,
                        uint8_t *out);
bool codec_is_utf8(const uint8_t *text, size_t size);

/* Turns a value into what is sent: two bytes a register, high byte first, or one byte (0 or 1) a
 * bit. `out` has room for codec->count registers or bits. OK, INVALID (range) or TYPE. */
mapper_status codec_write(const codec *codec, bool bit_space, const mapper_value *value,
                          uint8_t *out, problem *problem);

static inline bool codec_is_part(const codec *codec) {
  return codec->load == LOAD_PART || codec->load == LOAD_PART_SWAPPED;
}

static inline bool codec_is_scaled(const codec *codec) {
  return codec->scale != 1 || codec->added != 0;
}

/* Of a part of a register: the bits that are its own, as they are sent. The rest belongs to others,
 * and codec_write leaves it zero. */
void codec_part_mask(const codec *codec, uint8_t out[2]);

/* "uint16", "float32 with scale 0.1". */
void codec_name(const codec *codec, char *text, size_t capacity);

#endif
