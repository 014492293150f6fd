/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs the folders of mappers/NAME/cases: device.yaml, and what expected.txt says of it line by
 * line. cases/README.md of each mapper explains its lines. Two are known here, for all of them:
 *
 *   refused <property> <text>   the settings of this property were refused
 *   device-refused <text>       the settings of the device were refused
 *
 * The first line that does not hold ends its case.
 */
#ifndef TESTS_CASES_H
#define TESTS_CASES_H

#include "check.h"
#include "devicefile.h"

typedef struct case_run {
  const char *name;
  device_file file;
  fake_device device;
  mapper_status bound; /* what create and bind came to */
  void *peer;          /* what the device talks to: the suite's own */
  FILE *expected;
  int call_ms;
  char text[512];
  int line;
} case_run;

typedef struct case_suite {
  const char *driver;
  int open_ms;
  int call_ms; /* of a read or write, where the suite leaves them to case_plain_step */
  /* Optional: before the device is made, of the settings in `file`. */
  void (*start)(case_run *run);
  /* A line; `rest` is what follows its first word. False if it does not hold. */
  bool (*step)(case_run *run, const char *verb, char *rest);
  /* Optional: after the last line; false if something is left over. */
  bool (*end)(case_run *run);
} case_suite;

/* Runs the case in `folder`/cases/`name`. */
void case_run_folder(const case_suite *suite, mapper_host *host, const char *folder,
                     const char *name, void *peer);

/* A step for suites without lines of their own: value, failed, set, set-failed. */
bool case_plain_step(case_run *run, const char *verb, char *rest);

/* Calls `body` with the name of each folder in `folder`/cases and `context`; returns how many. */
int each_case(const char *folder, void (*body)(const char *name, void *context), void *context);

/* The next line that is neither empty nor a comment, without its indent, or null. It stays valid
 * until the next call. */
char *case_line(case_run *run);
/* Cuts the first word off; what follows is in *rest. */
char *case_word(char **rest);

/* Says what is wrong in this line; false. */
bool case_complain(const case_run *run, const char *what, const char *found);
bool case_expect(const case_run *run, const char *found, const char *expected);
/* The property with this name; null, and complained, if there is none. */
const mapper_point *case_point(const case_run *run, const char *name);

/* "INT 5": the type's name as given, and the value; bytes in hexadecimal. Valid until the next
 * call. */
const char *case_value(const char *type, const mapper_value *value);

#endif
