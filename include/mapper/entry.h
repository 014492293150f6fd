/* SPDX-License-Identifier: Apache-2.0
 *
 * The one symbol that a mapper library exports.
 */
#ifndef MAPPER_ENTRY_H
#define MAPPER_ENTRY_H

#include "driver.h"

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-extension"
#endif

/* Read before any function is called. The host copies min(size, its own size) bytes and checks the
 * required slots before it calls anything. */
typedef struct mapper_entry_v1 {
  uint32_t size;      /* sizeof(mapper_entry_v1) as the author saw it */
  uint32_t abi_major; /* MAPPER_ABI_MAJOR */
  uint32_t abi_minor; /* MAPPER_ABI_TARGET */
  uint32_t flags;     /* reserved, zero */

  const char *MAPPER_NONNULL name;    /* of the library, for people and logs */
  const char *MAPPER_NONNULL version; /* of the library */

  /* Called once, before anything else. Keep `host` and `api`: they live until unload returns.
   * [load] */
  mapper_status (*MAPPER_NONNULL load)(mapper_host *MAPPER_NONNULL host,
                                       const mapper_host_api *MAPPER_NONNULL api);

  /* Called once, when every device is gone. Join your threads here. Null slot: nothing to do.
   * [load] */
  void (*MAPPER_NULLABLE unload)(void);

  /* Driver `index` = 0, 1, 2 …; null ends the list. [any; after load] */
  const mapper_driver *MAPPER_NULLABLE (*MAPPER_NONNULL driver)(uint32_t index);
} mapper_entry_v1;

MAPPER_STATIC_ASSERT(sizeof(mapper_entry_v1) == 16 + 5 * sizeof(void *), "mapper_entry_v1 1.0");

/* Put MAPPER_EXPORT before the definition:
 *   MAPPER_EXPORT const mapper_entry_v1 mapper_entry = {sizeof(mapper_entry_v1), …};
 * and build with -fvisibility=hidden, so that nothing else is exported. */
#if defined(__cplusplus)
#define MAPPER_EXPORT extern "C" __attribute__((visibility("default")))
#else
#define MAPPER_EXPORT __attribute__((visibility("default")))
#endif

#define MAPPER_ENTRY_SYMBOL "mapper_entry"

#if defined(__clang__)
#pragma clang diagnostic pop
#endif

#endif
