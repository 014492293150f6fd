/* SPDX-License-Identifier: Apache-2.0
 *
 * Why a setting or a value cannot be taken, as a text for people.
 */
#ifndef MODBUS_PROBLEM_H
#define MODBUS_PROBLEM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

typedef struct problem {
  char text[240];
} problem;

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static inline bool
problem_is(problem *problem, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(problem->text, sizeof problem->text, format, arguments);
  va_end(arguments);
  return false;
}

#endif
