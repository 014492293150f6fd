/* SPDX-License-Identifier: Apache-2.0
 *
 * Faults on demand.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rig.h"

TEST(errors_are_armed_and_disarmed_by_a_point) {
  static const struct {
    const char *fault;
    mapper_status status;
  } cases[] = {{"error:timeout", MAPPER_TIMEOUT},   {"error:unavailable", MAPPER_UNAVAILABLE},
               {"error:protocol", MAPPER_PROTOCOL}, {"error:not-found", MAPPER_NOT_FOUND},
               {"error:internal", MAPPER_INTERNAL}, {"error:busy", MAPPER_BUSY}};
  rig rig = {0};
  uint32_t fault;
  REQUIRE(rig_open_with_fault(&rig, "", &fault));
  CHECK(is_text(read_value(&rig, fault), "none"));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_INT(arm(&rig, fault, cases[i].fault), MAPPER_OK);
    CHECK_INT(fake_device_read_all(&rig.device, 1000), cases[i].status);
    char expected[64];
    snprintf(expected, sizeof expected, "fault on demand: %s", cases[i].fault);
    CHECK_TEXT(fake_call_text(rig.device.call), expected);
  }
  CHECK_INT(write_value(&rig, 0, mapper_int(MAPPER_TYPE_I64, 5)), MAPPER_OK); /* writes go on */
  CHECK_INT(arm(&rig, fault, "none"), MAPPER_OK);
  CHECK_INT(read_value(&rig, 0).i64, 5);
  static const char *const bad[] = {
      "",         "none ",  "delay",    "delay:", "delay:x", "delay:99999999999",
      "error:ok", "error:", "exit:256", "leak:-1"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    CHECK_INT(arm(&rig, fault, bad[i]), MAPPER_INVALID);
  CHECK(strstr(fake_call_item(rig.device.call, 0), "fault: 'leak:-1': expected none, ") != NULL);
  CHECK_INT(write_value(&rig, fault, mapper_bool(true)), MAPPER_TYPE);
  rig_close(&rig);
}

TEST(faults_strike_the_call_that_they_are_for) {
  rig rig = {0};
  fake_points_add(&rig.points, "value", MAPPER_TYPE_I64, "kind: settable");
  uint32_t on_write =
      fake_points_add(&rig.points, "onWrite", MAPPER_TYPE_TEXT, "kind: fault, faultOn: write");
  uint32_t on_open =
      fake_points_add(&rig.points, "onOpen", MAPPER_TYPE_TEXT, "kind: fault, faultOn: open");
  REQUIRE(rig_open(&rig, "fault: \"error:denied\", faultOn: write"));
  CHECK(is_text(read_value(&rig, on_write), "error:denied"));
  CHECK_INT(write_value(&rig, 0, mapper_int(MAPPER_TYPE_I64, 5)), MAPPER_DENIED);
  CHECK_INT(read_value(&rig, 0).i64, 0);
  CHECK_INT(arm(&rig, on_write, "none"), MAPPER_OK); /* a fault can always be disarmed */
  CHECK_INT(write_value(&rig, 0, mapper_int(MAPPER_TYPE_I64, 5)), MAPPER_OK);

  CHECK_INT(arm(&rig, on_open, "error:unavailable"), MAPPER_OK);
  CHECK_INT(read_value(&rig, 0).i64, 5);
  rig.device.driver->close(rig.device.device);
  CHECK_INT(fake_device_open(&rig.device, 20000), MAPPER_UNAVAILABLE);
  rig_close(&rig);
}

TEST(delay_honours_deadline_and_cancellation) {
  rig rig = {0};
  uint32_t fault;
  REQUIRE(rig_open_with_fault(&rig, "", &fault));
  CHECK_INT(arm(&rig, fault, "delay:150"), MAPPER_OK);
  double start = now_ms();
  CHECK_INT(fake_device_read_all(&rig.device, 20000), MAPPER_OK);
  CHECK(now_ms() - start >= 149);

  CHECK_INT(arm(&rig, fault, "delay:50000"), MAPPER_OK);
  start = now_ms();
  CHECK_INT(fake_device_read_all(&rig.device, 100), MAPPER_TIMEOUT);
  CHECK(now_ms() - start >= 99 && now_ms() - start < 20000);

  fake_call_again(rig.device.call, 60000);
  fake_call_cancel_after(rig.device.call, 50);
  CHECK_INT(rig.device.driver->read(rig.device.device, rig.device.call, rig.device.ids, 1,
                                    rig.device.samples),
            MAPPER_CANCELLED);
  CHECK(fake_call_since_cancel(rig.device.call) < 20000);
  rig_close(&rig);
}

/* A read under the fault. */
static void read_under(const char *fault_text) {
  rig rig = {0};
  uint32_t fault;
  if (!rig_open_with_fault(&rig, "", &fault)) _exit(90);
  if (arm(&rig, fault, fault_text) != MAPPER_OK) _exit(91);
  fake_device_read_all(&rig.device, 50);
}

TEST(crash_exit_and_hang_are_real) {
  int status = end_of(read_under, "crash", 60000);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
  status = end_of(read_under, "exit:7", 60000);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
  CHECK_INT(end_of(read_under, "hang", 500), -1);
}

static long resident_pages(void) {
  long size = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%ld %ld", &size, &resident) != 2) resident = -1;
  if (file) fclose(file);
  return resident;
}

TEST(leak_takes_memory_at_each_read) {
  rig rig = {0};
  uint32_t fault;
  REQUIRE(rig_open_with_fault(&rig, "", &fault));
  CHECK_INT(arm(&rig, fault, "leak:8388608"), MAPPER_OK);
  long before = resident_pages();
  for (int i = 0; i < 4; i++) CHECK_INT(fake_device_read_all(&rig.device, 20000), MAPPER_OK);
  CHECK(resident_pages() - before >= 4 * 8388608 / sysconf(_SC_PAGESIZE));
  rig_close(&rig);
}
