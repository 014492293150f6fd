/* SPDX-License-Identifier: Apache-2.0
 *
 * A host small enough for tests: loads a mapper library, makes settings and points, runs calls with
 * a deadline and cancellation, and keeps what the mapper says.
 *
 * It checks nothing against schemas and fills in no defaults. All memory that is handed to a mapper
 * comes from malloc, so that a sanitizer sees every wrong access.
 */
#ifndef TESTS_FAKEHOST_H
#define TESTS_FAKEHOST_H

#include "mapper/ext/subscribe.h"
#include "mapper/mapper.h"

/* ---- the host ----------------------------------------------------------------------------- */

/* Loads the library and calls its load. Null, with the reason on stderr, when that fails. */
mapper_host *fake_host_load(const char *path);
/* The driver with this id, or null. */
const mapper_driver *fake_host_driver(mapper_host *host, const char *id);
const mapper_entry_v1 *fake_host_entry(mapper_host *host);
/* Calls unload. The library stays mapped, so that a sanitizer can still name its functions. */
void fake_host_unload(mapper_host *host);

/* Log lines so far that contain `text`. */
int fake_host_logged(mapper_host *host, const char *text);

/* Waits until at least `count` samples were reported, at most `timeout_ms`. */
bool fake_host_wait_reports(mapper_host *host, uint32_t count, int timeout_ms);
uint32_t fake_host_report_count(mapper_host *host);
/* Sample `index` of all reported so far; its data is the host's copy, NUL-terminated. */
mapper_sample fake_host_report(mapper_host *host, uint32_t index);
void fake_host_clear_reports(mapper_host *host);
/* What `report` answers from now on; MAPPER_OK at first. */
void fake_host_answer_reports(mapper_host *host, mapper_status status);
/* Waits until `report` has given its answer of now to `count` calls, if that is not MAPPER_OK. */
bool fake_host_wait_refused(mapper_host *host, uint32_t count, int timeout_ms);

/* Waits until the last link state told for `token` is `state`, at most `timeout_ms`. */
bool fake_host_wait_link(mapper_host *host, uint64_t token, int32_t state, int timeout_ms);
/* The text that came with the last link state of `token`, or "". */
const char *fake_host_link_text(mapper_host *host, uint64_t token);

/* ---- calls -------------------------------------------------------------------------------- */

mapper_call *fake_call_new(int timeout_ms);
/* As new: another deadline, not cancelled, no texts, its memory freed. */
void fake_call_again(mapper_call *call, int timeout_ms);
/* Cancels it from another thread after `delay_ms`. */
void fake_call_cancel_after(mapper_call *call, int delay_ms);
/* Makes the next `alloc` and all later ones fail until fake_call_again. */
void fake_call_starve(mapper_call *call);
/* The text of fail, or "". */
const char *fake_call_text(mapper_call *call);
/* The text of fail_item for `index`, or "". */
const char *fake_call_item(mapper_call *call, uint32_t index);
/* Milliseconds between the cancellation and now. */
double fake_call_since_cancel(mapper_call *call);
void fake_call_free(mapper_call *call);

/* ---- settings and points ------------------------------------------------------------------ */

/* Settings out of text in YAML's flow style, without braces: "ip: 10.0.0.7, port: 502, scale: 0.1,
 * isSwap: true, name: \"502\"". Scalars are typed as a host types them; quoted ones are text. */
mapper_settings fake_settings(const char *text);
/* Adds one, or replaces it. `value` must not be text or bytes of the caller's: it is copied. */
void fake_settings_put(mapper_settings *settings, const char *key, mapper_value value);
/* The same for a scalar of YAML, as a host types it: a plain one may be a number or a truth value.
 */
void fake_settings_put_scalar(mapper_settings *settings, const char *key, const char *text,
                              bool is_plain);
void fake_settings_free(mapper_settings *settings);

typedef struct fake_points {
  mapper_point *items;
  uint32_t count;
} fake_points;

/* Adds a point with the next id; it reads and writes. Returns its id. */
uint32_t fake_points_add(fake_points *points, const char *name, mapper_type type,
                         const char *settings);
void fake_points_free(fake_points *points);

/* ---- devices ------------------------------------------------------------------------------ */

typedef struct fake_device {
  const mapper_driver *driver;
  mapper_device *device;
  uint64_t token;
  mapper_call *call;      /* used again for each step */
  mapper_status *results; /* of bind or of the last write */
  mapper_sample *samples; /* of the last read */
  uint32_t *ids;          /* 0 … count - 1 */
  uint32_t count;
  bool is_open;
} fake_device;

/* create and bind; status of the step that failed, or OK. `device` is ready for the rest only when
 * it is OK. Each step has 2 s. */
mapper_status fake_device_bind(fake_device *device, mapper_host *host, const mapper_driver *driver,
                               const char *settings, const fake_points *points);
/* The same with settings that are made already. */
mapper_status fake_device_bind_settings(fake_device *device, mapper_host *host,
                                        const mapper_driver *driver,
                                        const mapper_settings *settings, const fake_points *points);
mapper_status fake_device_open(fake_device *device, int timeout_ms);
/* Reads the points ids[0..count) into samples[0..count), prepared as the header says. */
mapper_status fake_device_read(fake_device *device, const uint32_t *ids, uint32_t count,
                               int timeout_ms);
mapper_status fake_device_read_all(fake_device *device, int timeout_ms);
mapper_status fake_device_write(fake_device *device, const mapper_write *writes, uint32_t count,
                                int timeout_ms);
/* Closes, if it is open, and destroys. */
void fake_device_free(fake_device *device);

/* Whether the value is this text. */
bool is_text(mapper_value value, const char *text);

#endif
