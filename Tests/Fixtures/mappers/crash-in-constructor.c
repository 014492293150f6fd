/* SPDX-License-Identifier: Apache-2.0
 *
 * Crashes with SIGSEGV within dlopen, before anybody has looked at it.
 */
#include "fixture.h"

__attribute__((constructor)) static void crash_early(void) { fixture_crash(); }

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "crash-in-constructor",
    .title = "Test mapper crash-in-constructor",
    .create = fixture_create,
    .bind = fixture_bind,
    .open = fixture_open,
    .read = fixture_read,
    .close = fixture_close,
    .destroy = fixture_destroy,
};

FIXTURE_ENTRY("crash-in-constructor", driver)
