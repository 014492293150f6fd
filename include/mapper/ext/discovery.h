/* SPDX-License-Identifier: Apache-2.0
 *
 * "mapper.discovery/1": finding devices, and asking a device what it has.
 *
 * query("mapper.discovery/1") of the driver answers with a mapper_discovery. What is found goes to
 * the sink of the call, one item at a time, as it is found.
 */
#ifndef MAPPER_EXT_DISCOVERY_H
#define MAPPER_EXT_DISCOVERY_H

#include "../driver.h"

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-extension"
#endif

#define MAPPER_EXT_DISCOVERY "mapper.discovery/1"

/* A property that a found device has, as a manifest would declare it. */
typedef struct mapper_found_property {
  uint32_t size;                       /* sizeof(mapper_found_property) as the author saw it */
  mapper_type type;                    /* MAPPER_TYPE_NONE: not known */
  uint16_t access;                     /* MAPPER_ACCESS_… */
  const char *MAPPER_NONNULL name;     /* NUL-terminated */
  const char *MAPPER_NULLABLE summary; /* for people */
  const char *MAPPER_NULLABLE unit;
  /* A JSON object for the point's settings (visitors.configData), as point_schema has them. */
  const char *MAPPER_NULLABLE settings;
} mapper_found_property;

/* One thing that was found. */
typedef struct mapper_found {
  uint32_t size;       /* sizeof(mapper_found) as the author saw it */
  uint32_t confidence; /* 0 to 100: how sure it is that this is a device that the driver drives */
  const char *MAPPER_NULLABLE name;  /* a proposal, [a-z0-9.-]; null: the host makes one */
  const char *MAPPER_NULLABLE title; /* for people: what it says of itself */
  /* A JSON object for the device's settings (protocol.configData), as device_schema has them. */
  const char *MAPPER_NONNULL settings;
  const mapper_found_property *MAPPER_NULLABLE properties; /* null only if count is 0 */
  uint32_t count;
  uint32_t stride; /* bytes from one property to the next */
} mapper_found;

/* Where a scan's results go. The host's, for the length of the call. Each function answers OK, or
 * another status when the host wants no more: return that from the scan. */
typedef struct mapper_sink {
  uint32_t size;     /* bytes of the host's table */
  uint32_t reserved; /* zero */

  /* `found` and all it points to are copied before it returns. INVALID: not usable (no JSON, bad
   * text), was left out and logged; go on. [lane] */
  mapper_status (*MAPPER_NONNULL found)(const mapper_call *MAPPER_NONNULL call,
                                        const mapper_found *MAPPER_NONNULL found);

  /* How far it is: `done` of `total` steps (total 0: not known), and what is tried now. Call it as
   * often as you like: the host passes on a few a second. [lane] */
  mapper_status (*MAPPER_NONNULL progress)(const mapper_call *MAPPER_NONNULL call, uint32_t done,
                                           uint32_t total, const char *MAPPER_NULLABLE text,
                                           size_t size);
} mapper_sink;

/* Static, valid from load to unload. */
typedef struct mapper_discovery {
  uint32_t size;  /* sizeof(mapper_discovery) as the author saw it */
  uint32_t flags; /* reserved, zero */

  /* JSON Schema of a scan's options, as device_schema. Null: takes none. */
  const char *MAPPER_NULLABLE scan_schema;

  /* Names the line that a scan needs for itself, as mapper_driver.lane: with the key of devices it
   * shares their lane, and they wait while it runs. Null slot or 0: it needs none. [any] */
  size_t (*MAPPER_NULLABLE lane)(const mapper_settings *MAPPER_NONNULL options,
                                 char *MAPPER_NONNULL key, size_t capacity);

  /* Looks for devices. Ends when all is looked at, at the deadline (then TIMEOUT; what was found
   * counts), on cancellation, or when the sink says so. Null slot: cannot scan. [lane; after load]
   */
  mapper_status (*MAPPER_NULLABLE scan)(mapper_host *MAPPER_NONNULL host,
                                        const mapper_call *MAPPER_NONNULL call,
                                        const mapper_settings *MAPPER_NONNULL options,
                                        const mapper_sink *MAPPER_NONNULL sink);

  /* Asks an open device what it has: one item with the device's own settings and all properties
   * that it can name. Null slot: cannot. [lane; open] */
  mapper_status (*MAPPER_NULLABLE describe)(mapper_device *MAPPER_NONNULL device,
                                            const mapper_call *MAPPER_NONNULL call,
                                            const mapper_sink *MAPPER_NONNULL sink);
} mapper_discovery;

MAPPER_STATIC_ASSERT(sizeof(mapper_found_property) == 8 + 4 * sizeof(void *),
                     "mapper_found_property 1");
MAPPER_STATIC_ASSERT(sizeof(mapper_found) == 16 + 4 * sizeof(void *), "mapper_found 1");
MAPPER_STATIC_ASSERT(sizeof(mapper_sink) == 8 + 2 * sizeof(void *), "mapper_sink 1");
MAPPER_STATIC_ASSERT(sizeof(mapper_discovery) == 8 + 4 * sizeof(void *), "mapper_discovery 1");

#if defined(__clang__)
#pragma clang diagnostic pop
#endif

#endif
