/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "codec.h"

static inline uint64_t big16(const uint8_t *p) { return (uint64_t)p[0] << 8 | p[1]; }

static inline uint64_t little16(const uint8_t *p) { return (uint64_t)p[1] << 8 | p[0]; }

static inline uint64_t big32(const uint8_t *p) { return big16(p) << 16 | big16(p + 2); }

static inline uint64_t little32(const uint8_t *p) { return little16(p + 2) << 16 | little16(p); }

static inline uint64_t big64(const uint8_t *p) { return big32(p) << 32 | big32(p + 4); }

static inline uint64_t little64(const uint8_t *p) { return little32(p + 4) << 32 | little32(p); }

static inline uint64_t swap_bytes(uint64_t raw) {
  return (raw & 0x00ff00ff00ff00ffu) << 8 | (raw >> 8 & 0x00ff00ff00ff00ffu);
}

static uint64_t load_bits(const uint8_t *data, unsigned offset, unsigned count) {
  uint64_t raw = 0;
  for (unsigned i = 0; i < count; i++) {
    unsigned bit = offset + i;
    raw |= (uint64_t)(data[bit / 8] >> bit % 8 & 1) << i;
  }
  return raw;
}

static inline uint64_t load(const codec *codec, const uint8_t *data, unsigned offset) {
  const uint8_t *p = data + offset;
  switch (codec->load) {
  case LOAD_BIT:
    return data[offset / 8] >> offset % 8 & 1;
  case LOAD_BITS:
    return load_bits(data, offset, codec->count);
  case LOAD_16:
    return big16(p);
  case LOAD_16_SWAPPED:
    return little16(p);
  case LOAD_PART:
    return big16(p) >> codec->shift & ((1u << codec->bits) - 1);
  case LOAD_PART_SWAPPED:
    return little16(p) >> codec->shift & ((1u << codec->bits) - 1);
  case LOAD_32_ABCD:
    return big32(p);
  case LOAD_32_BADC:
    return swap_bytes(big32(p));
  case LOAD_32_CDAB:
    return swap_bytes(little32(p));
  case LOAD_32_DCBA:
    return little32(p);
  case LOAD_64_ABCD:
    return big64(p);
  case LOAD_64_BADC:
    return swap_bytes(big64(p));
  case LOAD_64_CDAB:
    return swap_bytes(little64(p));
  default:
    return little64(p);
  }
}

/* Without <math.h>: a difference with itself is zero for finite numbers alone. */
static inline uint32_t quality_of(double number) {
  return number - number == 0 ? MAPPER_GOOD : MAPPER_BAD | MAPPER_WHY_SENSOR;
}

/* Nothing is added to where there is nothing to add: that would make 0 of a negative zero. */
static inline double scaled(const codec *codec, double number) {
  number *= codec->scale;
  return codec->added == 0 ? number : number + codec->added;
}

/* The raw number's value as its form and scale say. Sets the quality of a float. */
static inline void read_number(const codec *codec, uint64_t raw, mapper_sample *sample) {
  double number;
  switch (codec->form) {
  case FORM_FLOAT32: {
    uint32_t narrow = (uint32_t)raw;
    float value;
    memcpy(&value, &narrow, sizeof value);
    number = scaled(codec, (double)value);
    sample->quality = quality_of(number);
    sample->value.f64 = number;
    return;
  }
  case FORM_FLOAT64:
    memcpy(&number, &raw, sizeof number);
    number = scaled(codec, number);
    sample->quality = quality_of(number);
    sample->value.f64 = number;
    return;
  case FORM_SIGNED: {
    unsigned unused = 64u - codec->bits;
    int64_t value = (int64_t)(raw << unused) >> unused;
    if (codec_is_scaled(codec))
      sample->value.f64 = scaled(codec, (double)value);
    else
      sample->value.i64 = value;
    break;
  }
  case FORM_UNSIGNED:
    if (codec_is_scaled(codec))
      sample->value.f64 = scaled(codec, (double)raw);
    else
      sample->value.u64 = raw;
    break;
  default:
    sample->value.u64 = raw != 0;
    break;
  }
  sample->quality = MAPPER_GOOD;
}

void codec_read_numbers(const codec_item *items, uint32_t count, const uint8_t *data,
                        mapper_sample *samples) {
  for (uint32_t i = 0; i < count; i++) {
    const codec_item *item = &items[i];
    const codec *codec = item->codec;
    if (codec->load == LOAD_BLOCK) continue;
    mapper_sample *sample = &samples[item->slot];
    sample->status = MAPPER_OK;
    sample->value.type = codec->type;
    sample->value.flags = 0;
    sample->value.count = 1;
    read_number(codec, load(codec, data, item->offset), sample);
  }
}

size_t codec_block_capacity(const codec *codec, bool bit_space) {
  return bit_space ? (codec->count + 7u) / 8 : codec->count * 2u;
}

size_t codec_read_block(const codec *codec, bool bit_space, const uint8_t *data, uint16_t offset,
                        uint8_t *out) {
  size_t size = codec_block_capacity(codec, bit_space);
  if (bit_space) {
    for (size_t i = 0; i < size; i++) {
      unsigned left = codec->count - (unsigned)i * 8;
      out[i] = (uint8_t)load_bits(data, offset + (unsigned)i * 8, left < 8 ? left : 8);
    }
    return size;
  }
  unsigned last = codec->count - 1u;
  for (unsigned i = 0; i < codec->count; i++) {
    const uint8_t *from = data + offset + 2 * (codec->order & ORDER_SWAP_REGISTERS ? last - i : i);
    bool swapped = codec->order & ORDER_SWAP_BYTES;
    out[2 * i] = from[swapped ? 1 : 0];
    out[2 * i + 1] = from[swapped ? 0 : 1];
  }
  if (codec->form == FORM_TEXT) {
    const uint8_t *end = memchr(out, 0, size);
    if (end && !codec->is_space_padded) size = (size_t)(end - out);
    while (codec->is_space_padded && size && (out[size - 1] == ' ' || out[size - 1] == 0)) size--;
  }
  return size;
}

bool codec_is_utf8(const uint8_t *text, size_t size) {
  size_t i = 0;
  while (i < size) {
    uint8_t first = text[i++];
    unsigned more = first < 0x80   ? 0
                    : first < 0xc2 ? 9
                    : first < 0xe0 ? 1
                    : first < 0xf0 ? 2
                    : first < 0xf5 ? 3
                                   : 9;
    if (more > 3 || more > size - i) return false;
    uint8_t low = 0x80, high = 0xbf; /* of the second byte */
    if (first == 0xe0) low = 0xa0;   /* overlong */
    if (first == 0xed) high = 0x9f;  /* surrogates */
    if (first == 0xf0) low = 0x90;   /* overlong */
    if (first == 0xf4) high = 0x8f;  /* beyond U+10FFFF */
    for (; more; more--, low = 0x80, high = 0xbf)
      if (text[i] < low || text[i++] > high) return false;
  }
  return true;
}
