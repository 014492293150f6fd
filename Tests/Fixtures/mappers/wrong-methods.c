/* SPDX-License-Identifier: Apache-2.0
 *
 * To be refused: its table of methods is wrong in one way, which FAULT chooses when it is built.
 */
#include "fixture.h"

#include "mapper/ext/methods.h"

#define NULL_CALL 1      /* a row without a function */
#define NULL_NAME 2      /* without a name */
#define BAD_NAME 3       /* a name with a space */
#define TWICE 4          /* two methods of one name */
#define TOO_MANY 5       /* thirteen arguments */
#define BAD_RESULT 6     /* a result of type I32 */
#define BAD_ARGUMENT 7   /* an argument of type NONE */
#define NO_CODES 8       /* arguments, but no codes */
#define NO_NAMES 9       /* arguments, but no names */
#define NULL_ARGUMENT 10 /* an argument without a name */
#define SAME_ARGUMENT 11 /* two arguments of one name */
#define SHORT_ROW 12     /* rows that end before the summary */
#define SHORT_STRIDE 13  /* a stride shorter than a row */
#define SHORT_TABLE 14   /* a table that ends before the rows */
#define NO_ROWS 15       /* no rows at all */
#define ENDLESS 16       /* a million methods */
#define LONG_ROW 17      /* a row longer than the stride */

#ifndef FAULT
#define FAULT NULL_CALL
#endif

static mapper_status nothing(mapper_device *device, const mapper_call *call, mapper_nothing *out) {
  (void)device, (void)call, (void)out;
  return MAPPER_OK;
}

static const mapper_type codes[] = {FAULT == BAD_ARGUMENT ? MAPPER_TYPE_NONE : MAPPER_TYPE_I64,
                                    MAPPER_TYPE_I64};
static const char *const names[] = {FAULT == NULL_ARGUMENT ? NULL : "a",
                                    FAULT == SAME_ARGUMENT ? "a" : "b"};

static const mapper_method rows[] = {
    MAPPER_METHOD_0("good", nothing, NULL, 0, mapper_nothing),
    {.size = FAULT == SHORT_ROW  ? offsetof(mapper_method, summary)
             : FAULT == LONG_ROW ? sizeof(mapper_method) + 8
                                 : sizeof(mapper_method),
     .result = FAULT == BAD_RESULT ? MAPPER_TYPE_I32 : MAPPER_TYPE_NONE,
     .count = FAULT == TOO_MANY ? 13 : 2,
     .name = FAULT == NULL_NAME  ? NULL
             : FAULT == BAD_NAME ? "two words"
             : FAULT == TWICE    ? "good"
                                 : "bad",
     .arguments = FAULT == NO_CODES ? NULL : codes,
     .call = FAULT == NULL_CALL ? NULL : (mapper_function)nothing,
     .names = FAULT == NO_NAMES ? NULL : names},
};

static const mapper_methods methods = {
    .size = FAULT == SHORT_TABLE ? offsetof(mapper_methods, rows) : sizeof(mapper_methods),
    .count = FAULT == ENDLESS ? 1000000 : 2,
    .stride = FAULT == SHORT_STRIDE ? sizeof(mapper_method) / 2 : sizeof(mapper_method),
    .rows = FAULT == NO_ROWS ? NULL : rows,
};

static const void *query(const char *id) {
  return strcmp(id, MAPPER_EXT_METHODS) == 0 ? &methods : NULL;
}

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "wrong-methods",
    .title = "Test mapper wrong-methods",
    .create = fixture_create,
    .bind = fixture_bind,
    .open = fixture_open,
    .read = fixture_read,
    .close = fixture_close,
    .destroy = fixture_destroy,
    .query = query,
};

FIXTURE_ENTRY("wrong-methods", driver)
