/* SPDX-License-Identifier: Apache-2.0
 *
 * Types that cross the border between a host and a mapper: status, quality, values, samples.
 *
 * All data here is flat and borrowed. Nothing is freed across the border. Text is UTF-8 with its
 * length beside it; where a text is also NUL-terminated, the field says so.
 */
#ifndef MAPPER_TYPES_H
#define MAPPER_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__cplusplus)
#define MAPPER_STATIC_ASSERT(condition, text) static_assert(condition, text)
#else
#define MAPPER_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#endif

#if defined(__clang__) && !defined(__cplusplus)
#define MAPPER_NONNULL _Nonnull
#define MAPPER_NULLABLE _Nullable
#else
#define MAPPER_NONNULL
#define MAPPER_NULLABLE
#endif

/* The ABI that these headers describe: another major is refused, any minor is taken. */
#define MAPPER_ABI_MAJOR 1
#define MAPPER_ABI_MINOR 0

/* An author may set this to an older minor: what is newer is then not declared, and every
 * table's sizeof is that of the older one. 1.0 is the first. */
#ifndef MAPPER_ABI_TARGET
#define MAPPER_ABI_TARGET MAPPER_ABI_MINOR
#endif
#if MAPPER_ABI_TARGET > MAPPER_ABI_MINOR
#error "MAPPER_ABI_TARGET is newer than these headers"
#endif

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-extension"
#endif

/* ---- status ------------------------------------------------------------------------------- */

/* Why something failed. The low 8 bits are the class, from the list below; the upper 24 bits are
 * the driver's own detail (a Modbus exception code, say). A host decides by class alone. */
typedef int32_t mapper_status;

#define MAPPER_OK ((mapper_status)0)
#define MAPPER_CANCELLED ((mapper_status)1)   /* the call was cancelled */
#define MAPPER_TIMEOUT ((mapper_status)2)     /* the device did not answer in time */
#define MAPPER_INVALID ((mapper_status)3)     /* wrong argument, setting or value; final */
#define MAPPER_NOT_FOUND ((mapper_status)4)   /* no such address, point or object; final */
#define MAPPER_UNSUPPORTED ((mapper_status)5) /* the driver or device cannot do this; final */
#define MAPPER_UNAVAILABLE ((mapper_status)6) /* no connection: the host closes and opens again */
#define MAPPER_BUSY ((mapper_status)7)        /* try again later */
#define MAPPER_DENIED ((mapper_status)8)      /* not allowed; final */
#define MAPPER_PROTOCOL ((mapper_status)9)    /* the answer makes no sense */
#define MAPPER_TYPE ((mapper_status)10)       /* the value does not fit the point's type; final */
#define MAPPER_NO_MEMORY ((mapper_status)11)  /* out of memory */
#define MAPPER_INTERNAL ((mapper_status)12)   /* a fault in the driver */
#define MAPPER_CLOSED ((mapper_status)13)     /* the receiver is gone: stop sending */
#define MAPPER_NOT_FILLED ((mapper_status)14) /* set by the host; a driver that leaves it lies */

/* A status with a driver's detail, 0 to 2^23 - 1. */
#define MAPPER_STATUS(class_, detail) ((mapper_status)((class_) | ((mapper_status)(detail) << 8)))
#define MAPPER_STATUS_CLASS(status) ((mapper_status)((status)&0xff))
#define MAPPER_STATUS_DETAIL(status) ((int32_t)((uint32_t)(status) >> 8))

/* ---- quality ------------------------------------------------------------------------------ */

/* How far to trust a value that is there. The two top bits are the class, as in OPC UA; the low
 * 16 bits say why. Status tells why there is no value. */
#define MAPPER_GOOD ((uint32_t)0x00000000u)
#define MAPPER_UNCERTAIN ((uint32_t)0x40000000u)
#define MAPPER_BAD ((uint32_t)0x80000000u)

#define MAPPER_WHY_NONE ((uint32_t)0)
#define MAPPER_WHY_NO_LINK ((uint32_t)1)
#define MAPPER_WHY_SENSOR ((uint32_t)2)
#define MAPPER_WHY_STALE ((uint32_t)3)
#define MAPPER_WHY_CLAMPED ((uint32_t)4)
#define MAPPER_WHY_MANUAL ((uint32_t)5)

/* ---- values ------------------------------------------------------------------------------- */

/* The declared type of a value. The carrier is 64 bits wide whatever the width; the width says
 * what the device holds. An array is MAPPER_TYPE_ARRAY | element type, of a fixed-width element. */
typedef uint16_t mapper_type;

#define MAPPER_TYPE_NONE ((mapper_type)0)
#define MAPPER_TYPE_BOOL ((mapper_type)1)   /* u64: 0 or 1 */
#define MAPPER_TYPE_I8 ((mapper_type)2)     /* i64 */
#define MAPPER_TYPE_U8 ((mapper_type)3)     /* u64 */
#define MAPPER_TYPE_I16 ((mapper_type)4)    /* i64 */
#define MAPPER_TYPE_U16 ((mapper_type)5)    /* u64 */
#define MAPPER_TYPE_I32 ((mapper_type)6)    /* i64 */
#define MAPPER_TYPE_U32 ((mapper_type)7)    /* u64 */
#define MAPPER_TYPE_I64 ((mapper_type)8)    /* i64 */
#define MAPPER_TYPE_U64 ((mapper_type)9)    /* u64 */
#define MAPPER_TYPE_F32 ((mapper_type)10)   /* f64, exactly the float's value */
#define MAPPER_TYPE_F64 ((mapper_type)11)   /* f64 */
#define MAPPER_TYPE_TEXT ((mapper_type)12)  /* data, count bytes of UTF-8 */
#define MAPPER_TYPE_BYTES ((mapper_type)13) /* data, count bytes */
/* data, count elements of their natural width and alignment (bool: one byte each) */
#define MAPPER_TYPE_ARRAY ((mapper_type)0x100)

/* A typed value. `count` is the length of text and bytes in bytes and of an array in elements, and
 * 1 for the rest. `data` is borrowed: from the host for the length of the call, or, in a sample,
 * from the driver until the host has copied it (see the function that hands it over). */
typedef struct mapper_value {
  mapper_type type;
  uint16_t flags; /* reserved, zero */
  uint32_t count;
  union {
    int64_t i64;
    uint64_t u64;
    double f64;
    const void *MAPPER_NULLABLE data;
  };
} mapper_value;

/* One reading of one point. */
typedef struct mapper_sample {
  uint32_t point;       /* the id from bind */
  mapper_status status; /* OK, or why there is no value */
  uint32_t quality;     /* MAPPER_GOOD, or a class with a reason */
  uint32_t reserved;    /* zero */
  int64_t source_ns;    /* the device's own clock, Unix nanoseconds; 0 if it has none */
  mapper_value value;   /* where status is not OK: NONE, or a TEXT that says why, for people */
} mapper_sample;

/* One value to write. */
typedef struct mapper_write {
  uint32_t point;
  uint32_t reserved; /* zero */
  mapper_value value;
} mapper_write;

/* ---- settings and points ------------------------------------------------------------------ */

/* One setting. The host has checked it against the driver's schema and filled in defaults. A whole
 * number is I64, another number F64, true and false are BOOL, text is TEXT; an object or an array
 * is its JSON text, with type BYTES. */
typedef struct mapper_setting {
  const char *MAPPER_NONNULL key; /* NUL-terminated */
  mapper_value value;             /* a TEXT or BYTES value is NUL-terminated too */
} mapper_setting;

/* Settings, sorted by key (byte order), each key once. */
typedef struct mapper_settings {
  const mapper_setting *MAPPER_NULLABLE items; /* null only if count is 0 */
  uint64_t count;
} mapper_settings;

#define MAPPER_ACCESS_READ ((uint16_t)1)
#define MAPPER_ACCESS_WRITE ((uint16_t)2)

/* A point: one property of a device as its driver sees it. */
typedef struct mapper_point {
  uint32_t id;                     /* dense: 0, 1, 2 … in the order of the array */
  mapper_type type;                /* what the device model declares; MAPPER_TYPE_NONE: anything */
  uint16_t access;                 /* MAPPER_ACCESS_READ and, if it can be set, _WRITE */
  const char *MAPPER_NONNULL name; /* the property's name, NUL-terminated, for messages */
  mapper_settings settings;        /* checked against point_schema */
  uint32_t cycle_ms;               /* how often the host will ask; 0: not by itself */
  uint32_t reserved;               /* zero */
} mapper_point;

MAPPER_STATIC_ASSERT(sizeof(mapper_value) == 16, "mapper_value is 16 bytes");
MAPPER_STATIC_ASSERT(offsetof(mapper_value, i64) == 8, "the carrier is at 8");
MAPPER_STATIC_ASSERT(sizeof(mapper_sample) == 40, "mapper_sample is 40 bytes");
MAPPER_STATIC_ASSERT(offsetof(mapper_sample, value) == 24, "the value is at 24");
MAPPER_STATIC_ASSERT(sizeof(mapper_write) == 24, "mapper_write is 24 bytes");
MAPPER_STATIC_ASSERT(sizeof(mapper_setting) == 24, "mapper_setting is 24 bytes");
MAPPER_STATIC_ASSERT(sizeof(mapper_settings) == 16, "mapper_settings is 16 bytes");
MAPPER_STATIC_ASSERT(sizeof(mapper_point) == 40, "mapper_point is 40 bytes");

#if defined(__clang__)
#pragma clang diagnostic pop
#endif

#endif
