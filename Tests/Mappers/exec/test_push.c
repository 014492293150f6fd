/* SPDX-License-Identifier: Apache-2.0
 *
 * A program that runs all the time and prints by itself.
 */
#define _GNU_SOURCE
#include <unistd.h>

#include "rig.h"

/* In the text of a shell script in quotes: a message. */
#define SAY(json) "echo \"" json "\"; "
#define Q "\\\""

TEST(push_reports_what_the_program_prints) {
  rig rig = {0};
  uint32_t n = fake_points_add(&rig.points, "n", MAPPER_TYPE_I64, "");
  uint32_t text = fake_points_add(&rig.points, "text", MAPPER_TYPE_TEXT, "");
  uint32_t bad = fake_points_add(&rig.points, "bad", MAPPER_TYPE_I64, "");
  CHECK_INT(rig_open(&rig,
                     "sh -c '" SAY("{" Q "values" Q ":{" Q "n" Q ":1}}") "read line; " SAY(
                         "{" Q "values" Q ":{" Q "n" Q ":2," Q "text" Q ":" Q "x" Q "," Q "typo" Q
                         ":1}," Q "time" Q ":1700000000000," Q "quality" Q ":" Q "uncertain" Q "}")
                         SAY("{" Q "failed" Q ":{" Q "bad" Q ":" Q "cut off" Q "}}")
                             SAY("{" Q "log" Q ":" Q "hello" Q "," Q "level" Q ":" Q "error" Q
                                 "}") "echo careful >&2; " SAY("{" Q "id" Q ":1," Q "ok" Q
                                                               ":true}") "read line; sleep 600'",
                     "stopTimeoutMs: 100"),
            MAPPER_OK);
  CHECK_INT(rig_read(&rig, n), MAPPER_OK); /* what it said last can be read */
  CHECK_INT(rig_read(&rig, text), MAPPER_UNAVAILABLE);
  CHECK_TEXT(rig_why(&rig), "no value came yet");
  CHECK_INT(rig_subscribe(&rig), MAPPER_OK);
  CHECK_INT(rig.device.results[0], MAPPER_OK);
  CHECK(rig_reports(&rig, n, 1)); /* from before the subscription */
  CHECK_INT(rig_subscribe(&rig), MAPPER_INVALID);
  CHECK_INT(rig_write(&rig, n, mapper_int(MAPPER_TYPE_I64, 5)), MAPPER_OK); /* answered with id 1 */
  CHECK(fake_host_wait_reports(rig.host, 4, 60000));
  mapper_sample second = fake_host_report(rig.host, 1);
  CHECK_INT(second.value.i64, 2);
  CHECK_INT(second.quality, MAPPER_UNCERTAIN);
  CHECK_INT(second.source_ns, 1700000000000000000);
  CHECK(is_text(fake_host_report(rig.host, 2).value, "x"));
  mapper_sample failed = fake_host_report(rig.host, 3);
  CHECK_INT(failed.point, bad);
  CHECK_INT(failed.status, MAPPER_PROTOCOL);
  CHECK(is_text(failed.value, "cut off"));
  CHECK_INT(fake_host_logged(rig.host, "sh: hello"), 1);
  CHECK_INT(fake_host_logged(rig.host, "sh: a value of 'typo', which is the field of no property"),
            1);
  rig_close(&rig);
}

TEST(push_takes_plain_json_lines_and_text) {
  rig rig = {0};
  uint32_t a = fake_points_add(&rig.points, "a", MAPPER_TYPE_F64, "field: deep.a");
  CHECK_INT(rig_open(&rig,
                     "sh -c 'echo garbage; echo \"{\\\"deep\\\":{\\\"a\\\":1.5}}\"; sleep 600'",
                     "format: json, ready: line"),
            MAPPER_OK);
  CHECK_INT(rig_subscribe(&rig), MAPPER_OK);
  CHECK(rig_reports(&rig, a, 1.5));
  CHECK_INT(fake_host_logged(rig.host, "a line was left out: it is no JSON object: 'garbage'"), 1);
  rig_close(&rig);

  rig = (struct rig){0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_F64, "");
  CHECK_INT(
      rig_open(&rig, "sh -c 'for i in 1 2 3 4 5; do echo $i.5; done; sleep 600'", "format: text"),
      MAPPER_OK);
  CHECK_INT(rig_subscribe(&rig), MAPPER_OK);
  CHECK(rig_reports(&rig, 0, 5.5));
  rig_close(&rig);
}

TEST(each_value_is_reported_while_the_host_takes_them) {
  rig rig = {0};
  fake_points_add(&rig.points, "n", MAPPER_TYPE_I64, "");
  CHECK_INT(rig_open(&rig,
                     "python3 -c 'import sys\nprint(\"{}\", flush=True)\nsys.stdin.readline()\n"
                     "for i in range(5000): print(\"{\\\"values\\\":{\\\"n\\\":%d}}\" % i)\n"
                     "print(\"{\\\"id\\\":1}\", flush=True)\nsys.stdin.read()'",
                     "ready: line"),
            MAPPER_OK);
  CHECK_INT(rig_subscribe(&rig), MAPPER_OK);
  CHECK_INT(rig_write(&rig, 0, mapper_int(MAPPER_TYPE_I64, 0)), MAPPER_OK);
  CHECK(fake_host_wait_reports(rig.host, 5000, 60000));
  for (uint32_t i = 0; i < 5000; i++)
    if (!CHECK_INT(fake_host_report(rig.host, i).value.i64, i)) break;
  rig_close(&rig);
}

TEST(a_busy_host_gets_the_latest_value_later_and_a_closed_one_none) {
  rig rig = {0};
  uint32_t n = fake_points_add(&rig.points, "n", MAPPER_TYPE_I64, "");
  CHECK_INT(rig_open(&rig, "sh -c 'echo 0; echo 1; sleep 600'", "format: text, ready: line"),
            MAPPER_OK);
  fake_host_answer_reports(rig.host, MAPPER_BUSY);
  CHECK_INT(rig_subscribe(&rig), MAPPER_OK);
  CHECK(fake_host_wait_refused(rig.host, 2, 60000));
  CHECK_INT(fake_host_report_count(rig.host), 0);
  fake_host_answer_reports(rig.host, MAPPER_OK);
  CHECK(rig_reports(&rig, n, 1));
  const mapper_subscribe *subscribe = rig.device.driver->query(MAPPER_EXT_SUBSCRIBE);
  subscribe->stop(rig.device.device, 7);
  fake_host_clear_reports(rig.host);
  fake_host_answer_reports(rig.host, MAPPER_CLOSED);
  CHECK_INT(rig_subscribe(&rig), MAPPER_OK);
  CHECK(fake_host_wait_refused(rig.host, 1, 60000));
  fake_host_answer_reports(rig.host, MAPPER_OK);
  CHECK_INT(fake_host_report_count(rig.host), 0);
  /* And it can start again, once it has seen to the end. */
  mapper_status status = MAPPER_INVALID;
  for (double end = now_ms() + 60000; status != MAPPER_OK && now_ms() < end; usleep(2000))
    status = rig_subscribe(&rig);
  CHECK_INT(status, MAPPER_OK);
  CHECK(rig_reports(&rig, n, 1));
  rig_close(&rig);
}

TEST(a_line_that_is_too_long_is_left_out) {
  rig rig = {0};
  uint32_t n = fake_points_add(&rig.points, "n", MAPPER_TYPE_I64, "");
  CHECK_INT(rig_open(&rig,
                     "python3 -c 'import time\nprint(\"x\" * 3000000)\n"
                     "print(\"{\\\"values\\\":{\\\"n\\\":8}}\", flush=True)\ntime.sleep(600)'",
                     "maxLineBytes: 1000, ready: line"),
            MAPPER_OK);
  CHECK_INT(rig_subscribe(&rig), MAPPER_OK);
  CHECK(rig_reports(&rig, n, 8));
  CHECK_INT(
      fake_host_logged(rig.host, "a line of 3000000 bytes was left out: maxLineBytes is 1000"), 1);
  rig_close(&rig);
}

TEST(links_come_from_the_program) {
  rig rig = {0};
  CHECK_INT(
      rig_open(&rig,
               "sh -c 'echo \"{\\\"link\\\":\\\"down\\\",\\\"reason\\\":\\\"no adapter\\\"}\"; "
               "sleep 600'",
               "ready: line"),
      MAPPER_UNAVAILABLE);
  CHECK_TEXT(rig_why(&rig), "no adapter");
  rig_close(&rig);

  rig = (struct rig){0};
  CHECK_INT(rig_open(&rig,
                     "sh -c 'echo \"{\\\"link\\\":\\\"up\\\"}\"; "
                     "echo \"{\\\"link\\\":\\\"degraded\\\",\\\"reason\\\":\\\"half\\\"}\"; "
                     "sleep 600'",
                     "ready: line"),
            MAPPER_OK);
  CHECK(fake_host_wait_link(rig.host, rig.device.token, MAPPER_LINK_DEGRADED, 60000));
  CHECK_TEXT(fake_host_link_text(rig.host, rig.device.token), "half");
  rig_close(&rig);
}
