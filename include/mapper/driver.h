/* SPDX-License-Identifier: Apache-2.0
 *
 * What a mapper gives to the host: one table per protocol it drives.
 *
 * The life of a device:
 *
 *   create ─► created ─ bind ─► bound ─ open ─► open ─ close ─► bound ─ destroy ─► gone
 *                                 ▲               │ read, write, subscribe
 *                                 └── open failed ┘ (a failed open leaves the device bound)
 *
 * destroy is legal in every state but open; the host closes first.
 */
#ifndef MAPPER_DRIVER_H
#define MAPPER_DRIVER_H

#include "host.h"

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-extension"
#endif

/* One device. The driver's: the host never looks inside. */
typedef struct mapper_device mapper_device;

/* Static, shared by all devices of the driver, valid from load to unload. */
typedef struct mapper_driver {
  uint32_t size;  /* sizeof(mapper_driver) as the author saw it */
  uint32_t flags; /* reserved, zero */

  const char *MAPPER_NONNULL id; /* the protocolName of devices, e.g. "modbus"; [a-z0-9.-]{1,63} */
  const char *MAPPER_NONNULL title; /* for people */

  /* JSON Schemas of a device's and of a point's settings (type, enum, required, properties,
   * additionalProperties, minimum, maximum, default, description, x-secret). Null: takes none. */
  const char *MAPPER_NULLABLE device_schema;
  const char *MAPPER_NULLABLE point_schema;

  /* Names the line that a device sits on ("10.0.0.7:502", "/dev/ttyS0"): devices with the same key
   * share a lane and are never called at the same time. Writes up to `capacity` bytes without a NUL
   * and returns the length, or 0 for a lane of the device's own. No I/O. Null slot: always own.
   * [any; before create] */
  size_t (*MAPPER_NULLABLE lane)(const mapper_settings *MAPPER_NONNULL settings,
                                 char *MAPPER_NONNULL key, size_t capacity);

  /* Makes a device out of its settings and checks what a schema cannot. No I/O. `settings` is
   * borrowed for the call; `token` names the device in host->link. On failure *out stays null.
   * [lane; none → created] */
  mapper_status (*MAPPER_NONNULL create)(mapper_host *MAPPER_NONNULL host, uint64_t token,
                                         const mapper_settings *MAPPER_NONNULL settings,
                                         const mapper_call *MAPPER_NONNULL call,
                                         mapper_device *MAPPER_NULLABLE *MAPPER_NONNULL out);

  /* Hands over the whole set of points, once before the first open; parse each address here. A
   * later bind (never while open) replaces the set. `points` is borrowed for the call. results[i]
   * says whether point i can be served; one that cannot is left out of later reads. The return
   * value is for the set as a whole. No I/O. [lane; created, bound → bound] */
  mapper_status (*MAPPER_NONNULL bind)(mapper_device *MAPPER_NONNULL device,
                                       const mapper_call *MAPPER_NONNULL call,
                                       const mapper_point *MAPPER_NONNULL points, uint32_t count,
                                       mapper_status *MAPPER_NONNULL results);

  /* Connects. May be called again after a failure or a close, at the host's back-off.
   * [lane; bound → open] */
  mapper_status (*MAPPER_NONNULL open)(mapper_device *MAPPER_NONNULL device,
                                       const mapper_call *MAPPER_NONNULL call);

  /* Reads points in the fewest exchanges. out[0..count) belongs to the host and comes in the order
   * of `points` with point, status NOT_FILLED and type NONE set; what the values point to must live
   * until the next call on the device (or come from alloc). The return value speaks for the link:
   * OK although single points failed (their own status says so), else nothing in `out` counts.
   * UNAVAILABLE: the host closes and opens again. TIMEOUT, PROTOCOL: it backs off and tries once
   * more. [lane; open] */
  mapper_status (*MAPPER_NONNULL read)(mapper_device *MAPPER_NONNULL device,
                                       const mapper_call *MAPPER_NONNULL call,
                                       const uint32_t *MAPPER_NONNULL points, uint32_t count,
                                       mapper_sample *MAPPER_NONNULL out);

  /* Writes values, in order. `writes` is borrowed for the call; results[0..count) belongs to the
   * host. The return value speaks for the link, as in read. Null slot: nothing can be written.
   * [lane; open] */
  mapper_status (*MAPPER_NULLABLE write)(mapper_device *MAPPER_NONNULL device,
                                         const mapper_call *MAPPER_NONNULL call,
                                         const mapper_write *MAPPER_NONNULL writes, uint32_t count,
                                         mapper_status *MAPPER_NONNULL results);

  /* Disconnects; always succeeds. [lane; open → bound] */
  void (*MAPPER_NONNULL close)(mapper_device *MAPPER_NONNULL device);

  /* Frees the device; always succeeds. [lane; created, bound → gone] */
  void (*MAPPER_NONNULL destroy)(mapper_device *MAPPER_NONNULL device);

  /* An extension of the driver by id ("mapper.subscribe/1"), or null. Null slot: none. [any] */
  const void *MAPPER_NULLABLE (*MAPPER_NULLABLE query)(const char *MAPPER_NONNULL id);
} mapper_driver;

MAPPER_STATIC_ASSERT(sizeof(mapper_driver) == 8 + 13 * sizeof(void *), "mapper_driver 1.0");

#if defined(__clang__)
#pragma clang diagnostic pop
#endif

#endif
