/* SPDX-License-Identifier: Apache-2.0
 *
 * "mapper.subscribe/1": for drivers that are told values instead of asking for them.
 *
 * query("mapper.subscribe/1") of the driver answers with a mapper_subscribe. The host then starts a
 * subscription after every open, over all readable points, and does not poll them. A driver that
 * wants some points polled leaves them to `read` by answering UNSUPPORTED for them in `results`.
 */
#ifndef MAPPER_EXT_SUBSCRIBE_H
#define MAPPER_EXT_SUBSCRIBE_H

#include "../driver.h"

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-extension"
#endif

#define MAPPER_EXT_SUBSCRIBE "mapper.subscribe/1"

typedef struct mapper_subscribe {
  uint32_t size;  /* sizeof(mapper_subscribe) as the author saw it */
  uint32_t flags; /* reserved, zero */

  /* Starts to report `points` through host->report(host, subscription, …), from any driver thread,
   * no more often than every min_interval_ms per point (0: every change). `points` is borrowed for
   * the call; results[i] says whether point i will be reported. [lane; open] */
  mapper_status (*MAPPER_NONNULL start)(mapper_device *MAPPER_NONNULL device,
                                        const mapper_call *MAPPER_NONNULL call,
                                        uint64_t subscription,
                                        const uint32_t *MAPPER_NONNULL points, uint32_t count,
                                        uint32_t min_interval_ms,
                                        mapper_status *MAPPER_NONNULL results);

  /* Ends a subscription. Once it has returned, no report for it may begin; one under way is waited
   * for. A driver holds no lock in `report` that `stop` needs; the host holds none in `stop` that
   * `report` needs. Called before close. [stop; open] */
  void (*MAPPER_NONNULL stop)(mapper_device *MAPPER_NONNULL device, uint64_t subscription);
} mapper_subscribe;

MAPPER_STATIC_ASSERT(sizeof(mapper_subscribe) == 8 + 2 * sizeof(void *), "mapper_subscribe 1");

#if defined(__clang__)
#pragma clang diagnostic pop
#endif

#endif
