/* SPDX-License-Identifier: Apache-2.0 */
#include "datatype.h"

#include <string.h>
#include <strings.h>

#include "mapper/helpers.h"
#include "settings.h"

/* What a point's data type says, before the number of registers is known. */
typedef enum word {
  WORD_EXACT, /* names form and width */
  WORD_WHOLE,
  WORD_REAL,
  WORD_TRUTH,
  WORD_TEXT,
  WORD_BYTES,
  WORD_ANYTHING
} word;

typedef struct data_type {
  const char *name;
  word word;
  uint8_t form, bits;
} data_type;

static const data_type data_types[] = {
    {"bool", WORD_TRUTH, FORM_BOOL, 16},
    {"int8", WORD_EXACT, FORM_SIGNED, 8},
    {"uint8", WORD_EXACT, FORM_UNSIGNED, 8},
    {"int16", WORD_EXACT, FORM_SIGNED, 16},
    {"uint16", WORD_EXACT, FORM_UNSIGNED, 16},
    {"int32", WORD_EXACT, FORM_SIGNED, 32},
    {"uint32", WORD_EXACT, FORM_UNSIGNED, 32},
    {"int64", WORD_EXACT, FORM_SIGNED, 64},
    {"uint64", WORD_EXACT, FORM_UNSIGNED, 64},
    {"float32", WORD_EXACT, FORM_FLOAT32, 32},
    {"float64", WORD_EXACT, FORM_FLOAT64, 64},
    {"string", WORD_TEXT, FORM_TEXT, 0},
    {"bytes", WORD_BYTES, FORM_BYTES, 0},
    /* KubeEdge's words: the type of the value; the number of registers says how it is coded. */
    {"int", WORD_WHOLE, 0, 0},
    {"float", WORD_REAL, 0, 32},
    {"double", WORD_REAL, 0, 64},
    {"boolean", WORD_TRUTH, FORM_BOOL, 16},
};

static const data_type *type_named(const char *name) {
  for (size_t i = 0; i < sizeof data_types / sizeof *data_types; i++)
    if (strcasecmp(data_types[i].name, name) == 0) return &data_types[i];
  return NULL;
}

/* The data type that the device model's type stands for. */
static const data_type *type_of_model(mapper_type type) {
  static const data_type anything = {"anything", WORD_ANYTHING, 0, 0};
  switch (type) {
  case MAPPER_TYPE_BOOL:
    return type_named("bool");
  case MAPPER_TYPE_F32:
    return type_named("float");
  case MAPPER_TYPE_F64:
    return type_named("double");
  case MAPPER_TYPE_TEXT:
    return type_named("string");
  case MAPPER_TYPE_BYTES:
    return type_named("bytes");
  case MAPPER_TYPE_NONE:
    return &anything;
  default:
    return type_named("int");
  }
}

/* Coils and discrete inputs: one is a truth value, several a number or bytes. */
static bool choose_bits(const data_type *type, uint16_t limit, codec *codec, problem *problem) {
  codec->count = limit ? limit : 1;
  if (type->word == WORD_BYTES || (type->word == WORD_ANYTHING && limit > 1)) {
    codec->load = LOAD_BLOCK;
    codec->form = FORM_BYTES;
    codec->type = MAPPER_TYPE_BYTES;
    return true;
  }
  if (codec->count == 1) {
    codec->load = LOAD_BIT;
    codec->form = FORM_BOOL;
    codec->bits = 1;
    codec->type = MAPPER_TYPE_BOOL;
    return true;
  }
  bool is_whole =
      type->word == WORD_WHOLE || (type->word == WORD_EXACT && type->form == FORM_UNSIGNED);
  if (!is_whole)
    return problem_is(problem,
                      "limit: %u: expected 1 for %s; several bits are read as int, uint8 "
                      "to uint64, or bytes",
                      limit, type->name);
  unsigned room = type->word == WORD_EXACT ? type->bits : 64;
  if (codec->count > room)
    return problem_is(problem, "limit: %u: expected at most %u bits for %s", limit, room,
                      type->name);
  codec->load = LOAD_BITS;
  codec->form = FORM_UNSIGNED;
  codec->bits = (uint8_t)codec->count;
  codec->type = codec->count <= 8    ? MAPPER_TYPE_U8
                : codec->count <= 16 ? MAPPER_TYPE_U16
                : codec->count <= 32 ? MAPPER_TYPE_U32
                                     : MAPPER_TYPE_U64;
  return true;
}

static mapper_type value_type(uint8_t form, uint8_t bits) {
  switch (form) {
  case FORM_BOOL:
    return MAPPER_TYPE_BOOL;
  case FORM_FLOAT32:
    return MAPPER_TYPE_F32;
  case FORM_FLOAT64:
    return MAPPER_TYPE_F64;
  case FORM_SIGNED:
    return bits == 8    ? MAPPER_TYPE_I8
           : bits == 16 ? MAPPER_TYPE_I16
           : bits == 32 ? MAPPER_TYPE_I32
                        : MAPPER_TYPE_I64;
  default:
    return bits == 8    ? MAPPER_TYPE_U8
           : bits == 16 ? MAPPER_TYPE_U16
           : bits == 32 ? MAPPER_TYPE_U32
                        : MAPPER_TYPE_U64;
  }
}

static uint8_t load_of(uint8_t bits, uint8_t order) {
  if (bits == 8) return order & ORDER_SWAP_BYTES ? LOAD_PART_SWAPPED : LOAD_PART;
  if (bits == 64) return (uint8_t)(LOAD_64_ABCD + order);
  if (bits == 32) return (uint8_t)(LOAD_32_ABCD + order);
  return order & ORDER_SWAP_BYTES ? LOAD_16_SWAPPED : LOAD_16;
}

/* Numbers in registers. KubeEdge's words leave the coding to the number of registers; whole numbers
 * are then unsigned, as KubeEdge reads them. */
static bool choose_number(const data_type *type, uint16_t limit, codec *codec, problem *problem) {
  uint8_t form = type->form, bits = type->bits;
  if (type->word == WORD_WHOLE || type->word == WORD_ANYTHING) {
    form = FORM_UNSIGNED;
    bits = limit == 2 ? 32 : limit == 4 ? 64 : 16;
  } else if (type->word == WORD_REAL) {
    if (limit == 2 || limit == 4) bits = (uint8_t)(limit * 16);
    form = limit == 1 ? FORM_UNSIGNED : bits == 32 ? FORM_FLOAT32 : FORM_FLOAT64;
    if (limit == 1) bits = 16;
  }
  codec->count = (uint16_t)(bits <= 16 ? 1 : bits / 16);
  codec->load = load_of(bits, codec->order);
  codec->form = form;
  codec->bits = bits;
  codec->type = value_type(form, bits);
  if (limit && limit != codec->count)
    return problem_is(problem, "limit: %u: expected %s for %s", limit,
                      type->word == WORD_WHOLE || type->word == WORD_REAL ? "1, 2 or 4 registers"
                      : codec->count == 1                                 ? "1 register"
                      : codec->count == 2                                 ? "2 registers"
                                                                          : "4 registers",
                      type->name);
  return true;
}

static bool choose_registers(const data_type *type, uint16_t limit, codec *codec,
                             problem *problem) {
  bool is_odd = limit != 0 && limit != 1 && limit != 2 && limit != 4;
  bool is_bytes = type->word == WORD_BYTES || (type->word == WORD_ANYTHING && is_odd);
  if (!is_bytes && type->word != WORD_TEXT) return choose_number(type, limit, codec, problem);
  if (limit == 0)
    return problem_is(problem, "limit: missing: expected the number of registers of %s",
                      type->name);
  codec->load = LOAD_BLOCK;
  codec->count = limit;
  codec->form = is_bytes ? FORM_BYTES : FORM_TEXT;
  codec->type = is_bytes ? MAPPER_TYPE_BYTES : MAPPER_TYPE_TEXT;
  return true;
}

/* Some bits of one register, as a truth value or a number of their own. */
static bool choose_part(const data_type *type, uint16_t limit, unsigned bit, unsigned count,
                        codec *codec, problem *problem) {
  bool is_exact = type->word == WORD_EXACT && type->form <= FORM_SIGNED && type->bits <= 16;
  if (!is_exact &&
      (type->word == WORD_EXACT || type->word == WORD_TEXT || type->word == WORD_BYTES))
    return problem_is(problem, "bit: %u: expected bool, int, int8, uint8, int16 or uint16, not %s",
                      bit, type->name);
  if (limit > 1)
    return problem_is(problem, "limit: %u: expected 1: bit counts within one register", limit);
  unsigned most = type->word == WORD_TRUTH ? 1 : is_exact ? type->bits : 16;
  if (count > most)
    return problem_is(problem, "bitCount: %u: expected at most %u for %s", count, most, type->name);
  if (bit + count > 16)
    return problem_is(problem, "bitCount: %u: expected at most %u from bit %u on", count, 16 - bit,
                      bit);
  bool is_truth = count == 1 && !is_exact;
  codec->count = 1;
  codec->load = load_of(8, codec->order);
  codec->form = is_truth ? FORM_BOOL : is_exact ? type->form : FORM_UNSIGNED;
  codec->bits = (uint8_t)count;
  codec->shift = bit & 15;
  codec->type = value_type(codec->form, count <= 8 ? 8 : 16);
  return true;
}

bool datatype_choose(const mapper_point *given, bool is_bits, codec *codec, problem *problem) {
  const mapper_settings *settings = &given->settings;
  int64_t limit = 0, bit = -1, count = 1;
  if (!settings_whole(settings, "limit", 1, 2000, &limit, problem) ||
      !settings_whole(settings, "bit", 0, 15, &bit, problem) ||
      !settings_whole(settings, "bitCount", 1, 16, &count, problem))
    return false;
  const data_type *type = type_of_model(given->type);
  const mapper_value *named = mapper_find(settings, "dataType");
  if (named) {
    const char *text = settings_text(settings, "dataType");
    type = text ? type_named(text) : NULL;
    if (!type)
      return settings_unexpected(problem, "dataType", named,
                                 "bool, int8, uint8, int16, uint16, int32, uint32, int64, uint64, "
                                 "float32, float64, string or bytes");
  }
  bool has_bit = bit >= 0;
  if (is_bits && has_bit)
    return problem_is(problem, "bit: %d: expected an InputRegister or HoldingRegister", (int)bit);
  if (!has_bit && mapper_find(settings, "bitCount"))
    return problem_is(problem, "bit: missing: expected 0 to 15, since bitCount is given");
  if (has_bit)
    return choose_part(type, (uint16_t)limit, (unsigned)bit, (unsigned)count, codec, problem);
  return is_bits ? choose_bits(type, (uint16_t)limit, codec, problem)
                 : choose_registers(type, (uint16_t)limit, codec, problem);
}
