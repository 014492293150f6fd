/* SPDX-License-Identifier: Apache-2.0
 *
 * Devices that report by themselves.
 */
#define _GNU_SOURCE
#include <unistd.h>

#include "process.h"
#include "rig.h"

static const mapper_subscribe *subscribe_of(const rig *rig) {
  return rig->device.driver->query(MAPPER_EXT_SUBSCRIBE);
}

static mapper_status start(rig *rig, uint32_t min_interval_ms) {
  fake_call_again(rig->device.call, 60000);
  return subscribe_of(rig)->start(rig->device.device, rig->device.call, 77, rig->device.ids,
                                  rig->device.count, min_interval_ms, rig->device.results);
}

TEST(a_device_without_push_leaves_its_points_to_read) {
  rig rig = {0};
  fake_points_add(&rig.points, "count", MAPPER_TYPE_I64, "kind: counter");
  REQUIRE(rig_open(&rig, ""));
  CHECK_INT(start(&rig, 0), MAPPER_OK);
  CHECK_INT(rig.device.results[0], MAPPER_UNSUPPORTED);
  subscribe_of(&rig)->stop(rig.device.device, 77);
  CHECK_INT(read_value(&rig, 0).i64, 0);
  rig_close(&rig);
}

TEST(push_reports_each_point_at_its_cycle_until_stop) {
  rig rig = {0};
  fake_points_add(&rig.points, "count", MAPPER_TYPE_I64, "kind: counter");
  fake_points_add(&rig.points, "text", MAPPER_TYPE_TEXT, "kind: settable, text: hello");
  fake_points_add(&rig.points, "slow", MAPPER_TYPE_I64, "kind: counter");
  fake_points_add(&rig.points, "refused", MAPPER_TYPE_I64, "kind: none");
  for (int i = 0; i < 2; i++) rig.points.items[i].cycle_ms = 20;
  REQUIRE(rig_open(&rig, "push: true"));
  double begin = now_ms();
  CHECK_INT(start(&rig, 0), MAPPER_OK);
  CHECK_INT(rig.device.results[2], MAPPER_OK);
  CHECK_INT(rig.device.results[3], MAPPER_NOT_FOUND);
  CHECK_INT(start(&rig, 0), MAPPER_INVALID);
  CHECK_INT(write_value(&rig, 1, mapper_data(MAPPER_TYPE_TEXT, "a longer text than before", 25)),
            MAPPER_OK);
  CHECK(fake_host_wait_reports(rig.host, 20, 60000));
  subscribe_of(&rig)->stop(rig.device.device, 77);
  double took_ms = now_ms() - begin;
  uint32_t count = fake_host_report_count(rig.host);
  usleep(100000);
  CHECK_INT(fake_host_report_count(rig.host), count);

  int64_t next = 0;
  int slow = 0;
  bool has_text = false;
  for (uint32_t i = 0; i < count; i++) {
    mapper_sample sample = fake_host_report(rig.host, i);
    CHECK_INT(sample.status, MAPPER_OK);
    if (sample.point == 0) CHECK_INT(sample.value.i64, next++);
    if (sample.point == 1)
      has_text = has_text || is_text(sample.value, "a longer text than before");
    slow += sample.point == 2;
  }
  CHECK(2 * next >= (int64_t)count - slow - 2); /* the two with a cycle take turns */
  CHECK(has_text);
  CHECK(slow >= 1 && slow <= 2 + took_ms / 1000); /* once a second when there is no cycle */
  rig_close(&rig);
}

TEST(push_waits_while_the_host_is_busy_and_ends_when_it_is_closed) {
  rig rig = {0};
  fake_points_add(&rig.points, "count", MAPPER_TYPE_I64, "kind: counter");
  rig.points.items[0].cycle_ms = 10;
  REQUIRE(rig_open(&rig, "push: true"));
  fake_host_answer_reports(rig.host, MAPPER_BUSY);
  CHECK_INT(start(&rig, 0), MAPPER_OK);
  CHECK(fake_host_wait_refused(rig.host, 3, 60000));
  fake_host_answer_reports(rig.host, MAPPER_OK);
  CHECK(fake_host_wait_reports(rig.host, 3, 60000));
  fake_host_answer_reports(rig.host, MAPPER_CLOSED);
  CHECK(fake_host_wait_refused(rig.host, 1, 60000));
  fake_host_answer_reports(rig.host, MAPPER_OK);
  uint32_t count = fake_host_report_count(rig.host);
  usleep(50000);
  CHECK_INT(fake_host_report_count(rig.host), count);
  subscribe_of(&rig)->stop(rig.device.device, 77);
  /* And it can start again. */
  CHECK_INT(start(&rig, 30), MAPPER_OK);
  CHECK(fake_host_wait_reports(rig.host, count + 2, 60000));
  subscribe_of(&rig)->stop(rig.device.device, 77);
  rig_close(&rig);
}

TEST(a_fault_on_read_shows_in_reports) {
  rig rig = {0};
  uint32_t fault;
  REQUIRE(rig_open_with_fault(&rig, "push: true", &fault));
  CHECK_INT(arm(&rig, fault, "error:protocol"), MAPPER_OK);
  CHECK_INT(start(&rig, 0), MAPPER_OK);
  CHECK(fake_host_wait_reports(rig.host, 2, 60000));
  CHECK_INT(fake_host_report(rig.host, 0).status, MAPPER_PROTOCOL);
  CHECK(is_text(fake_host_report(rig.host, 0).value, "error:protocol"));
  rig_close(&rig); /* close ends the subscription too */
}

TEST(the_push_thread_blocks_signals) {
  rig rig = {0};
  fake_points_add(&rig.points, "count", MAPPER_TYPE_I64, "kind: counter");
  rig.points.items[0].cycle_ms = 10;
  REQUIRE(rig_open(&rig, "push: true"));
  CHECK_INT(start(&rig, 0), MAPPER_OK);
  CHECK(fake_host_wait_reports(rig.host, 1, 60000));
  int blocking, threads = other_threads(&blocking);
  CHECK(threads >= 1);
  CHECK_INT(blocking, threads);
  rig_close(&rig);
}
