/* SPDX-License-Identifier: Apache-2.0
 *
 * Drives a mapper that `new-mapper` has just written, at MAPPER_LIBRARY with driver MAPPER_NAME: it
 * must work before its author has changed a line.
 */
#include "check.h"
#include "fakehost.h"

#include <string.h>

static mapper_host *loaded(void) {
  static mapper_host *host;
  if (!host) host = fake_host_load(MAPPER_LIBRARY);
  return host;
}

TEST(reads_and_sets_a_point) {
  mapper_host *host = loaded();
  REQUIRE(host != NULL);
  const mapper_driver *driver = fake_host_driver(host, MAPPER_NAME);
  REQUIRE(driver != NULL);
  fake_points points = {0};
  uint32_t set_point = fake_points_add(&points, "set-point", MAPPER_TYPE_F64, "address: setPoint");
  fake_device device = {0};
  CHECK_INT(fake_device_bind(&device, host, driver, "start: 21.5", &points), MAPPER_OK);
  CHECK_INT(device.results[set_point], MAPPER_OK);
  CHECK_INT(fake_device_open(&device, 20000), MAPPER_OK);

  CHECK_INT(fake_device_read_all(&device, 20000), MAPPER_OK);
  CHECK_INT(device.samples[0].status, MAPPER_OK);
  CHECK_INT(device.samples[0].value.type, MAPPER_TYPE_F64);
  CHECK_DOUBLE(device.samples[0].value.f64, 21.5);

  mapper_write write = {.point = set_point};
  write.value = (mapper_value){.type = MAPPER_TYPE_F64, .count = 1};
  write.value.f64 = 30.25;
  CHECK_INT(fake_device_write(&device, &write, 1, 20000), MAPPER_OK);
  CHECK_INT(device.results[0], MAPPER_OK);
  CHECK_INT(fake_device_read_all(&device, 20000), MAPPER_OK);
  CHECK_DOUBLE(device.samples[0].value.f64, 30.25);

  fake_device_free(&device);
  fake_points_free(&points);
}

TEST(refuses_a_point_that_it_does_not_know) {
  mapper_host *host = loaded();
  REQUIRE(host != NULL);
  const mapper_driver *driver = fake_host_driver(host, MAPPER_NAME);
  REQUIRE(driver != NULL);
  fake_points points = {0};
  fake_points_add(&points, "other", MAPPER_TYPE_F64, "address: elsewhere");
  fake_device device = {0};
  CHECK_INT(fake_device_bind(&device, host, driver, "start: 1.5", &points), MAPPER_OK);
  CHECK_INT(device.results[0], MAPPER_NOT_FOUND);
  CHECK(strstr(fake_call_item(device.call, 0), "'elsewhere'") != NULL);
  fake_device_free(&device);
  fake_points_free(&points);
}

CHECK_MAIN("new-mapper")
