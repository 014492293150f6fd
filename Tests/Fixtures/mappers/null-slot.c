/* SPDX-License-Identifier: Apache-2.0
 *
 * To be refused: its driver has no `read`, which is required.
 */
#include "fixture.h"

static const mapper_driver driver = {
    .size = sizeof(mapper_driver),
    .id = "null-slot",
    .title = "Test mapper null-slot",
    .create = fixture_create,
    .bind = fixture_bind,
    .open = fixture_open,
    .close = fixture_close,
    .destroy = fixture_destroy,
};

FIXTURE_ENTRY("null-slot", driver)
