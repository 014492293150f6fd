/* SPDX-License-Identifier: Apache-2.0
 *
 * "mapper.methods/1": what a device can do beside being read and written: reset a counter, home an
 * axis, read a log. A method is a plain C function with typed arguments; the host calls it by name
 * with JSON arguments, over HTTP, MQTT and the command line.
 *
 * query("mapper.methods/1") of the driver answers with a mapper_methods: the same methods for every
 * device of the driver. The real type of a method is
 *
 *   mapper_status f(mapper_device *device, const mapper_call *call, R *out, A a, B b …)
 *
 * with up to MAPPER_METHOD_ARGUMENTS arguments. [lane; open]
 *
 *   C type                 code                JSON
 *   bool                   MAPPER_TYPE_BOOL    true, false
 *   int64_t                MAPPER_TYPE_I64     a whole number
 *   uint64_t               MAPPER_TYPE_U64     a whole number that is not negative
 *   double                 MAPPER_TYPE_F64     a number
 *   const char *           MAPPER_TYPE_TEXT    a string; NUL-terminated UTF-8
 *   mapper_bytes           MAPPER_TYPE_BYTES   a string in base64; an argument is a const pointer
 *   mapper_nothing         MAPPER_TYPE_NONE    (results only) null
 *
 * Arguments are borrowed for the call. What a result points to must live until the next call on the
 * device, or come from alloc; a text that stays null is an empty one. *out is zeroed by the host.
 * The status says whether there is a result; `fail` says why not.
 */
#ifndef MAPPER_EXT_METHODS_H
#define MAPPER_EXT_METHODS_H

#include "../driver.h"

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-extension"
#endif

#define MAPPER_EXT_METHODS "mapper.methods/1"
#define MAPPER_METHOD_ARGUMENTS 12

/* Calling it twice does what calling it once does: a host may repeat it when it lost the answer. */
#define MAPPER_METHOD_IDEMPOTENT ((uint32_t)1)
/* It changes the device: the host reads the device's points afterwards, without waiting for their
 * cycles. */
#define MAPPER_METHOD_CHANGES ((uint32_t)2)
/* It can do harm: the host refuses a caller that did not confirm. */
#define MAPPER_METHOD_CONFIRM ((uint32_t)4)

typedef struct mapper_bytes {
  const void *MAPPER_NULLABLE data; /* null only if size is 0 */
  uint64_t size;
} mapper_bytes;

typedef struct mapper_nothing {
  uint64_t zero;
} mapper_nothing;

/* A function of any type; the row's codes say which. */
typedef void (*mapper_function)(void);

/* One row of the table. Make it with MAPPER_METHOD_0 … MAPPER_METHOD_6 in C, or with mapper.hpp. */
typedef struct mapper_method {
  uint32_t size;                                /* sizeof(mapper_method) as the author saw it */
  mapper_type result;                           /* a code from the list above */
  uint16_t count;                               /* of arguments */
  const char *MAPPER_NONNULL name;              /* [a-zA-Z][a-zA-Z0-9_-]{0,62} */
  const mapper_type *MAPPER_NULLABLE arguments; /* count codes; null only if count is 0 */
  uint32_t flags;                               /* MAPPER_METHOD_… */
  uint32_t reserved;                            /* zero */
  mapper_function MAPPER_NONNULL call;
  /* count names, each as the method's own; in the order of the function's arguments */
  const char *MAPPER_NONNULL const *MAPPER_NULLABLE names;
  const char *MAPPER_NULLABLE summary; /* one line for people */
} mapper_method;

/* Static, valid from load to unload. */
typedef struct mapper_methods {
  uint32_t size;   /* sizeof(mapper_methods) as the author saw it */
  uint32_t count;  /* of rows */
  uint32_t stride; /* bytes from one row to the next: sizeof(mapper_method) as the author saw it */
  uint32_t reserved; /* zero */
  const mapper_method *MAPPER_NONNULL rows;
} mapper_methods;

MAPPER_STATIC_ASSERT(sizeof(mapper_bytes) == 16, "mapper_bytes is 16 bytes");
MAPPER_STATIC_ASSERT(sizeof(mapper_method) == 16 + 5 * sizeof(void *), "mapper_method 1");
MAPPER_STATIC_ASSERT(sizeof(mapper_methods) == 16 + sizeof(void *), "mapper_methods 1");

/* ---- making rows in C ---------------------------------------------------------------------- */

#if !defined(__cplusplus)

/* The code of an argument's type and of a result's. A type that is not in the list fails here. */
#define MAPPER_ARGUMENT_CODE(type_)                                                                \
  _Generic(*(type_ *)0, bool                                                                       \
           : MAPPER_TYPE_BOOL, int64_t                                                             \
           : MAPPER_TYPE_I64, uint64_t                                                             \
           : MAPPER_TYPE_U64, double                                                               \
           : MAPPER_TYPE_F64, const char *                                                         \
           : MAPPER_TYPE_TEXT, const mapper_bytes *                                                \
           : MAPPER_TYPE_BYTES)
#define MAPPER_RESULT_CODE(type_)                                                                  \
  _Generic((type_ *)0, bool *                                                                      \
           : MAPPER_TYPE_BOOL, int64_t *                                                           \
           : MAPPER_TYPE_I64, uint64_t *                                                           \
           : MAPPER_TYPE_U64, double *                                                             \
           : MAPPER_TYPE_F64, const char **                                                        \
           : MAPPER_TYPE_TEXT, mapper_bytes *                                                      \
           : MAPPER_TYPE_BYTES, mapper_nothing *                                                   \
           : MAPPER_TYPE_NONE)

/* The function, if it has exactly the stated type: anything else fails to compile. */
#define MAPPER_METHOD_FUNCTION(function, ...)                                                      \
  _Generic((function), mapper_status(*)(__VA_ARGS__) : (mapper_function)(function))

#define MAPPER_METHOD_ROW(name_, function, summary_, flags_, R, count_, codes, names_, ...)        \
  {                                                                                                \
    sizeof(mapper_method), MAPPER_RESULT_CODE(R), count_, name_, codes, flags_, 0,                 \
        MAPPER_METHOD_FUNCTION(function, mapper_device *, const mapper_call *, __VA_ARGS__),       \
        names_, summary_                                                                           \
  }
#define MAPPER_METHOD_LIST(type_, ...) ((type_[]){__VA_ARGS__})

/* Rows of a static table: name, function, summary, flags, R, then type and name of each argument.
 *
 *   static const mapper_method rows[] = {
 *       MAPPER_METHOD_0("reset", reset, "sets all counters to zero", MAPPER_METHOD_CHANGES,
 *                       mapper_nothing),
 *       MAPPER_METHOD_2("scale", scale, "…", 0, double, double, "value", bool, "invert"),
 *   };
 *   static const mapper_methods methods = MAPPER_METHODS(rows);
 */
#define MAPPER_METHOD_0(name_, function, summary_, flags_, R)                                      \
  MAPPER_METHOD_ROW(name_, function, summary_, flags_, R, 0, NULL, NULL, R *)
#define MAPPER_METHOD_1(name_, function, summary_, flags_, R, A, a)                                \
  MAPPER_METHOD_ROW(name_, function, summary_, flags_, R, 1,                                       \
                    MAPPER_METHOD_LIST(const mapper_type, MAPPER_ARGUMENT_CODE(A)),                \
                    MAPPER_METHOD_LIST(const char *const, a), R *, A)
#define MAPPER_METHOD_2(name_, function, summary_, flags_, R, A, a, B, b)                          \
  MAPPER_METHOD_ROW(                                                                               \
      name_, function, summary_, flags_, R, 2,                                                     \
      MAPPER_METHOD_LIST(const mapper_type, MAPPER_ARGUMENT_CODE(A), MAPPER_ARGUMENT_CODE(B)),     \
      MAPPER_METHOD_LIST(const char *const, a, b), R *, A, B)
#define MAPPER_METHOD_3(name_, function, summary_, flags_, R, A, a, B, b, C, c)                    \
  MAPPER_METHOD_ROW(name_, function, summary_, flags_, R, 3,                                       \
                    MAPPER_METHOD_LIST(const mapper_type, MAPPER_ARGUMENT_CODE(A),                 \
                                       MAPPER_ARGUMENT_CODE(B), MAPPER_ARGUMENT_CODE(C)),          \
                    MAPPER_METHOD_LIST(const char *const, a, b, c), R *, A, B, C)
#define MAPPER_METHOD_4(name_, function, summary_, flags_, R, A, a, B, b, C, c, D, d)              \
  MAPPER_METHOD_ROW(name_, function, summary_, flags_, R, 4,                                       \
                    MAPPER_METHOD_LIST(const mapper_type, MAPPER_ARGUMENT_CODE(A),                 \
                                       MAPPER_ARGUMENT_CODE(B), MAPPER_ARGUMENT_CODE(C),           \
                                       MAPPER_ARGUMENT_CODE(D)),                                   \
                    MAPPER_METHOD_LIST(const char *const, a, b, c, d), R *, A, B, C, D)
#define MAPPER_METHOD_5(name_, function, summary_, flags_, R, A, a, B, b, C, c, D, d, E, e)        \
  MAPPER_METHOD_ROW(name_, function, summary_, flags_, R, 5,                                       \
                    MAPPER_METHOD_LIST(const mapper_type, MAPPER_ARGUMENT_CODE(A),                 \
                                       MAPPER_ARGUMENT_CODE(B), MAPPER_ARGUMENT_CODE(C),           \
                                       MAPPER_ARGUMENT_CODE(D), MAPPER_ARGUMENT_CODE(E)),          \
                    MAPPER_METHOD_LIST(const char *const, a, b, c, d, e), R *, A, B, C, D, E)
#define MAPPER_METHOD_6(name_, function, summary_, flags_, R, A, a, B, b, C, c, D, d, E, e, F, f)  \
  MAPPER_METHOD_ROW(                                                                               \
      name_, function, summary_, flags_, R, 6,                                                     \
      MAPPER_METHOD_LIST(const mapper_type, MAPPER_ARGUMENT_CODE(A), MAPPER_ARGUMENT_CODE(B),      \
                         MAPPER_ARGUMENT_CODE(C), MAPPER_ARGUMENT_CODE(D),                         \
                         MAPPER_ARGUMENT_CODE(E), MAPPER_ARGUMENT_CODE(F)),                        \
      MAPPER_METHOD_LIST(const char *const, a, b, c, d, e, f), R *, A, B, C, D, E, F)

#define MAPPER_METHODS(rows_)                                                                      \
  { sizeof(mapper_methods), sizeof(rows_) / sizeof((rows_)[0]), sizeof((rows_)[0]), 0, rows_ }

#endif

#if defined(__clang__)
#pragma clang diagnostic pop
#endif

#endif
