/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "check.h"

#include <time.h>

check_test *check_tests;
int check_failures;

/* Constructors run in the order of the source, so the list is kept in that order too. */
void check_add(check_test *test) {
  check_test **end = &check_tests;
  while (*end) end = &(*end)->next;
  *end = test;
}

bool check_that(bool holds, const char *file, int line, const char *text) {
  if (holds) return true;
  check_failures++;
  printf("  %s:%d: %s does not hold\n", file, line, text);
  return false;
}

bool check_equal_text(const char *found, const char *expected, const char *file, int line) {
  if (found && strcmp(found, expected) == 0) return true;
  check_failures++;
  printf("  %s:%d: found \"%s\"\n  %s:%d: expected \"%s\"\n", file, line, found ? found : "(none)",
         file, line, expected);
  return false;
}

bool check_equal_int(long long found, long long expected, const char *file, int line,
                     const char *text) {
  if (found == expected) return true;
  check_failures++;
  printf("  %s:%d: %s is %lld, expected %lld\n", file, line, text, found, expected);
  return false;
}

bool check_equal_double(double found, double expected, const char *file, int line,
                        const char *text) {
  if (found == expected) return true;
  check_failures++;
  printf("  %s:%d: %s is %.17g, expected %.17g\n", file, line, text, found, expected);
  return false;
}

static bool check_chosen(const char *name, int count, char **names) {
  for (int i = 0; i < count; i++)
    if (strstr(name, names[i])) return true;
  return count == 0;
}

static double check_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int check_main(const char *suite, int count, char **names) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  int passed = 0, failed = 0;
  for (check_test *test = check_tests; test; test = test->next) {
    if (!check_chosen(test->name, count, names)) continue;
    check_failures = 0;
    double start = check_now();
    test->body();
    printf("%s %s: %s (%.0f ms)\n", check_failures ? "FAIL" : "ok  ", suite, test->name,
           (check_now() - start) * 1e3);
    if (check_failures)
      failed++;
    else
      passed++;
  }
  printf("%s: %d passed, %d failed\n", suite, passed, failed);
  return failed || !passed ? 1 : 0;
}
