/* SPDX-License-Identifier: Apache-2.0
 *
 * A test runner in one header, for the C tests of mappers.
 *
 *   TEST(reads_a_coil) { CHECK(value == 1); CHECK_TEXT(text, "expected"); }
 *   CHECK_MAIN("modbus")
 *
 * The program prints a line a test and `modbus: N passed, N failed`, and ends with 0 only if all
 * passed. With arguments it runs the tests whose name contains one of them. A failed check is shown
 * with file and line, and its test goes on; REQUIRE ends the test.
 */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef struct check_test {
  const char *name;
  void (*body)(void);
  struct check_test *next;
} check_test;

extern check_test *check_tests;
extern int check_failures; /* of the test that runs */

void check_add(check_test *test);
bool check_that(bool holds, const char *file, int line, const char *text);
bool check_equal_text(const char *found, const char *expected, const char *file, int line);
bool check_equal_int(long long found, long long expected, const char *file, int line,
                     const char *text);
bool check_equal_double(double found, double expected, const char *file, int line,
                        const char *text);
int check_main(const char *suite, int count, char **names);

#define TEST(name_)                                                                                \
  static void name_(void);                                                                         \
  __attribute__((constructor)) static void add_##name_(void) {                                     \
    static check_test test = {#name_, name_, NULL};                                                \
    check_add(&test);                                                                              \
  }                                                                                                \
  static void name_(void)

#define CHECK(condition) check_that((condition), __FILE__, __LINE__, #condition)
#define CHECK_INT(found, expected)                                                                 \
  check_equal_int((long long)(found), (long long)(expected), __FILE__, __LINE__, #found)
#define CHECK_DOUBLE(found, expected)                                                              \
  check_equal_double((found), (expected), __FILE__, __LINE__, #found)
#define CHECK_TEXT(found, expected) check_equal_text((found), (expected), __FILE__, __LINE__)
#define REQUIRE(condition)                                                                         \
  if (!check_that((condition), __FILE__, __LINE__, #condition)) return

#define CHECK_MAIN(suite)                                                                          \
  int main(int argc, char **argv) { return check_main(suite, argc - 1, argv + 1); }

#endif
