/* SPDX-License-Identifier: Apache-2.0
 *
 * To be refused: its driver table says that it ends before `destroy`, which is required.
 */
#include "fixture.h"

static const mapper_driver driver = {
    .size = offsetof(mapper_driver, destroy),
    .id = "too-short-driver",
    .title = "Test mapper too-short-driver",
    .create = fixture_create,
    .bind = fixture_bind,
    .open = fixture_open,
    .read = fixture_read,
    .close = fixture_close,
    .destroy = fixture_destroy,
};

FIXTURE_ENTRY("too-short-driver", driver)
