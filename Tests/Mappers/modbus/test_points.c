/* SPDX-License-Identifier: Apache-2.0
 *
 * Devices whose points are the same share one list of them; what one of them refuses is its own.
 */
#include <stdio.h>

#include "harness.h"

enum { POINTS = 8 };

static fake_points eight_floats(void) {
  fake_points points = {NULL, 0};
  for (unsigned i = 0; i < POINTS; i++) {
    char name[16], settings[64];
    snprintf(name, sizeof name, "f%u", i);
    snprintf(settings, sizeof settings, "register: HoldingRegister, offset: %u, limit: 2", 2 * i);
    fake_points_add(&points, name, MAPPER_TYPE_F32, settings);
  }
  return points;
}

static void reads_all(fake_device *device, slave *slave, const char *requests) {
  slave_forget(slave);
  CHECK_INT(fake_device_read_all(device, 20000), MAPPER_OK);
  CHECK_TEXT(seen_text(slave), requests);
  for (unsigned i = 0; i < POINTS; i++) {
    CHECK_INT(device->samples[i].status, MAPPER_OK);
    CHECK_DOUBLE(device->samples[i].value.f64, i);
  }
}

TEST(a_device_that_refuses_a_point_changes_nothing_for_one_with_the_same_points) {
  fake_points points = eight_floats();
  slave *good = slave_start(), *bad = slave_start();
  for (unsigned i = 0; i < POINTS; i++) {
    set_float(good, SPACE_HOLDING_REGISTER, 2 * i, (float)i);
    set_float(bad, SPACE_HOLDING_REGISTER, 2 * i, (float)i);
  }
  fake_device healthy, picky;
  REQUIRE(start_device(&healthy, slave_settings(good, 1, ""), &points));
  REQUIRE(start_device(&picky, slave_settings(bad, 1, ""), &points));
  reads_all(&healthy, good, "3 0 16");

  slave_refuse(bad, SPACE_HOLDING_REGISTER, 8, 2, 2); /* point 4 */
  CHECK_INT(fake_device_read_all(&picky, 20000), MAPPER_OK);
  CHECK_INT(picky.samples[4].status, MAPPER_STATUS(MAPPER_NOT_FOUND, 2));
  slave_forget(bad);
  CHECK_INT(fake_device_read_all(&picky, 20000), MAPPER_OK);
  CHECK(slave_seen(bad) > 1);          /* the cuts are remembered … */
  reads_all(&healthy, good, "3 0 16"); /* … for this one alone */

  /* The list outlives the first device that has it. */
  fake_device_free(&healthy);
  slave_refuse(bad, SPACE_HOLDING_REGISTER, 0, 0, 0);
  picky.driver->close(picky.device);
  CHECK_INT(fake_device_open(&picky, 20000), MAPPER_OK);
  reads_all(&picky, bad, "3 0 16");
  fake_device_free(&picky);
  slave_stop(good);
  slave_stop(bad);
  fake_points_free(&points);
}
