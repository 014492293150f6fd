/* SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "codec.h"

void codec_name(const codec *codec, char *text, size_t capacity) {
  char name[24];
  switch (codec->form) {
  case FORM_BOOL:
    snprintf(name, sizeof name, "bool");
    break;
  case FORM_TEXT:
    snprintf(name, sizeof name, "string");
    break;
  case FORM_BYTES:
    snprintf(name, sizeof name, "bytes");
    break;
  default:
    snprintf(name, sizeof name, "%s%u",
             codec->form == FORM_UNSIGNED ? "uint"
             : codec->form == FORM_SIGNED ? "int"
                                          : "float",
             codec->bits);
    break;
  }
  char scale[40] = "", added[40] = "";
  if (codec->scale != 1) snprintf(scale, sizeof scale, " with scale %.15g", codec->scale);
  if (codec->added != 0)
    snprintf(added, sizeof added, " %s valueOffset %.15g", codec->scale != 1 ? "and" : "with",
             codec->added);
  snprintf(text, capacity, "%s%s%s", name, scale, added);
}

/* A value that is a number: as a double, and where it is whole, exactly. */
typedef struct number {
  double real;
  bool is_whole, is_negative;
  uint64_t magnitude; /* of a whole one */
} number;

static bool to_number(const mapper_value *value, number *out) {
  *out = (number){0, false, false, 0};
  switch (value->type) {
  case MAPPER_TYPE_BOOL:
  case MAPPER_TYPE_U8:
  case MAPPER_TYPE_U16:
  case MAPPER_TYPE_U32:
  case MAPPER_TYPE_U64:
    *out = (number){(double)value->u64, true, false, value->u64};
    return true;
  case MAPPER_TYPE_I8:
  case MAPPER_TYPE_I16:
  case MAPPER_TYPE_I32:
  case MAPPER_TYPE_I64:
    out->real = (double)value->i64;
    out->is_whole = true;
    out->is_negative = value->i64 < 0;
    out->magnitude = out->is_negative ? 0 - (uint64_t)value->i64 : (uint64_t)value->i64;
    return true;
  case MAPPER_TYPE_F32:
  case MAPPER_TYPE_F64:
    out->real = value->f64;
    return true;
  default:
    return false;
  }
}

static void number_text(const number *number, char *text, size_t capacity) {
  if (number->is_whole)
    snprintf(text, capacity, "%s%llu", number->is_negative ? "-" : "",
             (unsigned long long)number->magnitude);
  else
    snprintf(text, capacity, "%.15g", number->real);
}

/* "70000 is outside 0 to 65535 (uint16)": the range is told in the units of the value. */
static mapper_status outside(const codec *codec, const number *value, double low, double high,
                             problem *problem) {
  char found[32], name[96];
  number_text(value, found, sizeof found);
  codec_name(codec, name, sizeof name);
  double a = low * codec->scale + codec->added, b = high * codec->scale + codec->added;
  problem_is(problem, "%s is outside %.15g to %.15g (%s)", found, a < b ? a : b, a < b ? b : a,
             name);
  return MAPPER_INVALID;
}

/* The same for integers as they are, whose ends may have more digits than a double. */
static mapper_status outside_whole(const codec *codec, const number *value, unsigned bits,
                                   bool is_signed, problem *problem) {
  char found[32], name[96];
  number_text(value, found, sizeof found);
  codec_name(codec, name, sizeof name);
  uint64_t high = UINT64_MAX >> (64 - bits + (is_signed ? 1 : 0));
  char low[32] = "0";
  if (is_signed) snprintf(low, sizeof low, "-%llu", (unsigned long long)high + 1);
  problem_is(problem, "%s is outside %s to %llu (%s)", found, low, (unsigned long long)high, name);
  return MAPPER_INVALID;
}

/* The integer that is to be written, as two's complement in *raw. */
static mapper_status to_integer(const codec *codec, const number *value, uint64_t *raw,
                                problem *problem) {
  bool is_signed = codec->form == FORM_SIGNED;
  unsigned bits = codec->form == FORM_BOOL ? 1 : codec->bits;
  double low = is_signed ? -ldexp(1, (int)bits - 1) : 0;
  uint64_t top = is_signed ? (uint64_t)1 << (bits - 1) : bits < 64 ? (uint64_t)1 << bits : 0;
  double high = is_signed ? ldexp(1, (int)bits - 1) - 1 : ldexp(1, (int)bits) - 1;

  if (value->is_whole && !codec_is_scaled(codec)) {
    bool fits = value->is_negative ? is_signed && value->magnitude <= top
                                   : top == 0 || value->magnitude < top;
    if (!fits) return outside_whole(codec, value, bits, is_signed, problem);
    *raw = value->is_negative ? 0 - value->magnitude : value->magnitude;
    return MAPPER_OK;
  }
  double rounded = round((value->real - codec->added) / codec->scale);
  /* Against the power of two above: `high` itself is not a double when it has over 53 bits. */
  double end = is_signed ? -low : ldexp(1, (int)bits);
  if (!(rounded >= low && rounded < end))
    return codec_is_scaled(codec) ? outside(codec, value, low, high, problem)
                                  : outside_whole(codec, value, bits, is_signed, problem);
  *raw = rounded < 0 ? (uint64_t)(int64_t)rounded : (uint64_t)rounded;
  return MAPPER_OK;
}

static mapper_status to_float(const codec *codec, const number *value, uint64_t *raw,
                              problem *problem) {
  double real = (value->real - codec->added) / codec->scale;
  if (!isfinite(real)) {
    problem_is(problem, "%g is not a finite number", value->real);
    return MAPPER_INVALID;
  }
  if (codec->form == FORM_FLOAT64) {
    memcpy(raw, &real, sizeof *raw);
    return MAPPER_OK;
  }
  const double largest = FLT_MAX;
  if (fabs(real) > largest) return outside(codec, value, -largest, largest, problem);
  float narrow = (float)real;
  uint32_t bits;
  memcpy(&bits, &narrow, sizeof bits);
  *raw = bits;
  return MAPPER_OK;
}

/* Puts the low 16 × count bits of `raw` into registers. */
static void store(const codec *codec, uint64_t raw, uint8_t *out) {
  unsigned count = codec->count;
  for (unsigned i = 0; i < count; i++) {
    unsigned place = codec->order & ORDER_SWAP_REGISTERS ? i : count - 1 - i;
    uint8_t low = (uint8_t)(raw >> 16 * place), high = (uint8_t)(raw >> 16 * place >> 8);
    bool swapped = codec->order & ORDER_SWAP_BYTES;
    out[2 * i] = swapped ? low : high;
    out[2 * i + 1] = swapped ? high : low;
  }
}

static uint64_t part_bits(const codec *codec) { return ((uint64_t)1 << codec->bits) - 1; }

void codec_part_mask(const codec *codec, uint8_t out[2]) {
  store(codec, part_bits(codec) << codec->shift, out);
}

static mapper_status write_block(const codec *codec, bool bit_space, const mapper_value *value,
                                 uint8_t *out, problem *problem) {
  bool is_text = codec->form == FORM_TEXT;
  if (value->type != (is_text ? MAPPER_TYPE_TEXT : MAPPER_TYPE_BYTES)) {
    problem_is(problem, "expected %s", is_text ? "a text" : "bytes");
    return MAPPER_TYPE;
  }
  size_t capacity = codec_block_capacity(codec, bit_space);
  /* Text is padded; bytes are taken as they are, and have to be all of them. */
  if (is_text ? value->count > capacity : value->count != capacity) {
    problem_is(problem, "%u bytes: expected %s%zu (%u %s)", value->count, is_text ? "at most " : "",
               capacity, codec->count, bit_space ? "bits" : "registers");
    return MAPPER_INVALID;
  }
  const uint8_t *bytes = value->data;
  if (bit_space) {
    for (unsigned i = 0; i < codec->count; i++) out[i] = bytes[i / 8] >> i % 8 & 1;
    return MAPPER_OK;
  }
  unsigned last = codec->count - 1u;
  const uint8_t padding = codec->is_space_padded ? ' ' : 0;
  for (unsigned i = 0; i < codec->count; i++) {
    uint8_t high = 2 * i < value->count ? bytes[2 * i] : padding;
    uint8_t low = 2 * i + 1 < value->count ? bytes[2 * i + 1] : padding;
    uint8_t *to = out + 2 * (codec->order & ORDER_SWAP_REGISTERS ? last - i : i);
    bool swapped = codec->order & ORDER_SWAP_BYTES;
    to[0] = swapped ? low : high;
    to[1] = swapped ? high : low;
  }
  return MAPPER_OK;
}

mapper_status codec_write(const codec *codec, bool bit_space, const mapper_value *value,
                          uint8_t *out, problem *problem) {
  if (codec->load == LOAD_BLOCK) return write_block(codec, bit_space, value, out, problem);
  number number;
  if (!to_number(value, &number)) {
    problem_is(problem, "expected a number or a truth value");
    return MAPPER_TYPE;
  }
  uint64_t raw = 0;
  mapper_status status = codec->form == FORM_FLOAT32 || codec->form == FORM_FLOAT64
                             ? to_float(codec, &number, &raw, problem)
                             : to_integer(codec, &number, &raw, problem);
  if (status != MAPPER_OK) return status;
  if (bit_space)
    for (unsigned i = 0; i < codec->count; i++) out[i] = raw >> i & 1;
  else if (codec_is_part(codec))
    store(codec, (raw & part_bits(codec)) << codec->shift, out);
  else
    store(codec, raw, out);
  return MAPPER_OK;
}
