/* SPDX-License-Identifier: Apache-2.0
 *
 * How one setting is read.
 *
 * KubeEdge manifests write numbers and truth values as such or as text ("5502"): both are taken.
 */
#ifndef MODBUS_SETTINGS_H
#define MODBUS_SETTINGS_H

#include "mapper/mapper.h"
#include "problem.h"

/* Each leaves *out alone when the setting is absent, and fails when it is of the wrong kind or out
 * of range. */
bool settings_whole(const mapper_settings *settings, const char *key, int64_t low, int64_t high,
                    int64_t *out, problem *problem);
bool settings_number(const mapper_settings *settings, const char *key, double *out,
                     problem *problem);
bool settings_truth(const mapper_settings *settings, const char *key, bool *out, problem *problem);
/* One of `count` words, whatever its case; *out is its place in the list. `expected` is the list
 * for the message. */
bool settings_word(const mapper_settings *settings, const char *key, const char *const *words,
                   uint32_t count, const char *expected, uint32_t *out, problem *problem);

/* The text of a setting; null when it is absent or no text. */
const char *settings_text(const mapper_settings *settings, const char *key);

/* A setting's value for a message: 5, 0.5, true, "text". */
void settings_describe(const mapper_value *value, char *text, size_t capacity);

/* "key: value: expected …"; false. */
bool settings_unexpected(problem *problem, const char *key, const mapper_value *value,
                         const char *expected);

#endif
