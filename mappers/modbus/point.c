/* SPDX-License-Identifier: Apache-2.0 */
#include "point.h"

#include <string.h>

#include "datatype.h"
#include "mapper/helpers.h"
#include "settings.h"

static bool parse_register(const mapper_settings *settings, uint8_t *space, problem *problem) {
  static const char *const names[] = {"CoilRegister", "DiscreteInputRegister", "InputRegister",
                                      "HoldingRegister"}; /* by frame_space */
  static const char expected[] =
      "CoilRegister, DiscreteInputRegister, InputRegister or HoldingRegister";
  uint32_t found = 0;
  if (!mapper_find(settings, "register"))
    return problem_is(problem, "register: missing: expected %s", expected);
  if (!settings_word(settings, "register", names, 4, expected, &found, problem)) return false;
  *space = (uint8_t)found;
  return true;
}

static bool parse_order(const mapper_settings *settings, codec *codec, problem *problem) {
  static const char *const names[] = {"ABCD", "BADC", "CDAB", "DCBA"}; /* by ORDER_ flags */
  bool swap = false, register_swap = false;
  if (!settings_truth(settings, "isSwap", &swap, problem) ||
      !settings_truth(settings, "isRegisterSwap", &register_swap, problem))
    return false;
  uint32_t order = (swap ? ORDER_SWAP_BYTES : 0) | (register_swap ? ORDER_SWAP_REGISTERS : 0);
  if (!settings_word(settings, "byteOrder", names, 4, "ABCD, BADC, CDAB or DCBA", &order, problem))
    return false;
  codec->order = order & 3;
  return true;
}

static bool parse_scale(const mapper_settings *settings, codec *codec, problem *problem) {
  double scale = 1, added = 0;
  codec->scale = 1;
  if (!settings_number(settings, "scale", &scale, problem) ||
      !settings_number(settings, "valueOffset", &added, problem))
    return false;
  if (scale == 0) return problem_is(problem, "scale: 0: expected another number than 0");
  if (scale == 1 && added == 0) return true;
  if (codec->load == LOAD_BLOCK || codec->form == FORM_BOOL) {
    char name[64];
    codec_name(codec, name, sizeof name);
    return scale != 1 ? problem_is(problem, "scale: %.15g: expected 1 for %s", scale, name)
                      : problem_is(problem, "valueOffset: %.15g: expected 0 for %s", added, name);
  }
  codec->scale = scale;
  codec->added = added;
  codec->type = MAPPER_TYPE_F64;
  return true;
}

static bool parse_padding(const mapper_settings *settings, codec *codec, problem *problem) {
  static const char *const names[] = {"nul", "space"};
  uint32_t padding = 0;
  if (!settings_word(settings, "padding", names, 2, "nul or space", &padding, problem))
    return false;
  if (padding && codec->form != FORM_TEXT)
    return problem_is(problem, "padding: space: expected only for dataType string");
  codec->is_space_padded = padding & 1;
  return true;
}

bool point_parse(const mapper_point *given, uint16_t max_registers, point *out, problem *problem) {
  memset(out, 0, sizeof *out);
  const mapper_settings *settings = &given->settings;
  int64_t offset = 0;
  if (!parse_register(settings, &out->space, problem)) return false;
  if (!mapper_find(settings, "offset"))
    return problem_is(problem, "offset: missing: expected the zero-based address");
  if (!settings_whole(settings, "offset", 0, 65535, &offset, problem) ||
      !parse_order(settings, &out->codec, problem))
    return false;
  out->address = (uint16_t)offset;

  if (!datatype_choose(given, point_is_bits(out), &out->codec, problem) ||
      !parse_scale(settings, &out->codec, problem) ||
      !parse_padding(settings, &out->codec, problem))
    return false;

  unsigned room = max_registers * (point_is_bits(out) ? 16u : 1u);
  if (out->codec.count > room)
    return problem_is(problem,
                      "limit: %u: expected at most %u: one request carries no more "
                      "(maxRegisters)",
                      out->codec.count, room);
  if (offset + out->codec.count > 65536)
    return problem_is(problem, "offset: %u: expected an address from which %u %s fit below 65536",
                      out->address, out->codec.count, point_is_bits(out) ? "bits" : "registers");
  out->is_bound = true;
  return true;
}
