/* SPDX-License-Identifier: Apache-2.0
 *
 * What a host gives to a mapper: the host table and the context of a call.
 *
 * Thread tags, used in all headers:
 *   [load]  one at a time in the process, quick, no device I/O
 *   [lane]  one call at a time per lane, on any OS thread; may block until the call's deadline
 *   [any]   from any thread, thread-safe, never blocks for long
 *   [stop]  may run beside a lane call on the same device and must not wait for it
 */
#ifndef MAPPER_HOST_H
#define MAPPER_HOST_H

#include "types.h"

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-extension"
#endif

/* The host as one loaded library sees it. Never defined for a mapper. Lives from load to unload. */
typedef struct mapper_host mapper_host;

/* The context of one lane call: deadline, cancellation, memory, error text. Never defined for a
 * mapper, and dead once the call returns. Only the thread that runs the call may use it. */
typedef struct mapper_call mapper_call;

#define MAPPER_LOG_ERROR ((int32_t)1)
#define MAPPER_LOG_WARNING ((int32_t)2)
#define MAPPER_LOG_INFO ((int32_t)3)
#define MAPPER_LOG_DEBUG ((int32_t)4)

#define MAPPER_LINK_UP ((int32_t)1)
#define MAPPER_LINK_DOWN ((int32_t)2)
#define MAPPER_LINK_DEGRADED ((int32_t)3)

/* Lives from load to unload. The members below are there in every host. One that comes with a later
 * minor is declared at the end: look at `size` before you use it, an older host has a shorter
 * table. */
typedef struct mapper_host_api {
  uint32_t size;      /* bytes of the host's table */
  uint32_t abi_minor; /* the host's minor */

  /* A line for the log. `text` is borrowed. The host adds the library's name and limits rates.
   * [any] */
  void (*MAPPER_NONNULL log)(mapper_host *MAPPER_NONNULL host, int32_t level,
                             const char *MAPPER_NONNULL text, size_t size);

  /* Samples that the device sent by itself, for a running subscription (ext/subscribe.h). `samples`
   * and all they point to are copied before it returns.
   * OK; BUSY: dropped and counted, send the latest again later; CLOSED: the subscription has
   * ended, send no more; INVALID: a point id that was not bound. [any] */
  mapper_status (*MAPPER_NONNULL report)(mapper_host *MAPPER_NONNULL host, uint64_t subscription,
                                         const mapper_sample *MAPPER_NONNULL samples,
                                         uint32_t count);

  /* The link of a device changed by itself. `token` is the one from create, `state` a MAPPER_LINK_,
   * `why` the reason of a state that is not up. `text` (may be null) is borrowed. [any] */
  void (*MAPPER_NONNULL link)(mapper_host *MAPPER_NONNULL host, uint64_t token, int32_t state,
                              mapper_status why, const char *MAPPER_NULLABLE text, size_t size);

  /* True once the call was cancelled: return MAPPER_CANCELLED soon. [lane] */
  bool (*MAPPER_NONNULL cancelled)(const mapper_call *MAPPER_NONNULL call);

  /* A descriptor that becomes readable once the call is cancelled, to poll beside a socket. The
   * host's: never read, write or close it. [lane] */
  int32_t (*MAPPER_NONNULL cancel_fd)(const mapper_call *MAPPER_NONNULL call);

  /* When the call must be back, in CLOCK_MONOTONIC nanoseconds. [lane] */
  int64_t (*MAPPER_NONNULL deadline_ns)(const mapper_call *MAPPER_NONNULL call);

  /* Memory that the host frees after it has copied the results of this call; null when there is no
   * more. For values of a sample that own no memory elsewhere. `align` is a power of two. [lane] */
  void *MAPPER_NULLABLE (*MAPPER_NONNULL alloc)(const mapper_call *MAPPER_NONNULL call, size_t size,
                                                size_t align);

  /* Records why the whole call fails, and returns `status`, so that `return fail(…)` reads well.
   * The text is for people: name the unit, the address, what was expected. Copied. [lane] */
  mapper_status (*MAPPER_NONNULL fail)(const mapper_call *MAPPER_NONNULL call, mapper_status status,
                                       const char *MAPPER_NONNULL text, size_t size);

  /* The same for one item: `index` is its place in the call's arrays, not its point id. [lane] */
  mapper_status (*MAPPER_NONNULL fail_item)(const mapper_call *MAPPER_NONNULL call, uint32_t index,
                                            mapper_status status, const char *MAPPER_NONNULL text,
                                            size_t size);

  /* An extension of the host by id, or null. [any] */
  const void *MAPPER_NULLABLE (*MAPPER_NONNULL query)(mapper_host *MAPPER_NONNULL host,
                                                      const char *MAPPER_NONNULL id);
} mapper_host_api;

MAPPER_STATIC_ASSERT(sizeof(mapper_host_api) == 8 + 10 * sizeof(void *), "mapper_host_api 1.0");

#if defined(__clang__)
#pragma clang diagnostic pop
#endif

#endif
