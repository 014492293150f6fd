/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs that do not start, do not stop, or end by themselves.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rig.h"

TEST(open_says_why_a_program_does_not_start) {
  static const struct {
    const char *command, *settings, *text;
  } cases[] = {
      {"/nowhere/at-all -x", "mode: push",
       "cannot run /nowhere/at-all: No such file or directory (errno 2)"},
      {"/etc/passwd", "mode: push", "cannot run /etc/passwd: Permission denied (errno 13)"},
      {"sh", "workingFolder: /nowhere",
       "cannot enter the folder /nowhere: No such file or directory (errno 2)"},
      {"sh -c 'echo no module >&2; exit 4'", "mode: push", "sh ended with status 4: no module"},
      {"sh -c 'echo no module >&2; exit 4'", "mode: poll", "sh ended with status 4: no module"},
      {"true", "ready: line", "true ended with status 0"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    rig rig = {0};
    CHECK_INT(rig_open(&rig, cases[i].command, cases[i].settings), MAPPER_UNAVAILABLE);
    CHECK_TEXT(rig_why(&rig), cases[i].text);
    /* And again, as a host does at its back-off. */
    CHECK_INT(fake_device_open(&rig.device, 60000), MAPPER_UNAVAILABLE);
    CHECK_TEXT(rig_why(&rig), cases[i].text);
    rig_close(&rig);
  }
}

TEST(a_file_that_is_no_program_gets_a_hint) {
  char path[] = "/tmp/exec-test-XXXXXX", expected[200];
  int file = mkstemp(path);
  REQUIRE(file >= 0);
  CHECK(write(file, "echo hello\n", 11) == 11);
  CHECK(fchmod(file, 0700) == 0);
  close(file);
  rig rig = {0};
  CHECK_INT(rig_open(&rig, path, "mode: push"), MAPPER_UNAVAILABLE);
  snprintf(expected, sizeof expected,
           "cannot run %s: Exec format error (errno 8): a script needs a first line such as "
           "#!/bin/sh",
           path);
  CHECK_TEXT(rig_why(&rig), expected);
  unlink(path);
  rig_close(&rig);
}

TEST(a_program_without_a_first_line_is_given_up) {
  rig rig = {0};
  CHECK_INT(rig_open(&rig, "sleep 600", "ready: line, startTimeoutMs: 1500"), MAPPER_TIMEOUT);
  CHECK_TEXT(rig_why(&rig), "sleep 600 printed no line within 1500 ms");
  CHECK_INT(fake_device_open(&rig.device, 150), MAPPER_TIMEOUT); /* the call's own limit */
  CHECK_TEXT(rig_why(&rig), "sleep 600 has not become ready in time");
  fake_call_again(rig.device.call, 60000);
  fake_call_cancel_after(rig.device.call, 20);
  CHECK_INT(rig.device.driver->open(rig.device.device, rig.device.call), MAPPER_CANCELLED);
  rig_close(&rig);
}

/* Opens a program that says its process numbers as values `pid` and `child`. */
static void open_telling_pids(rig *rig, const char *command, const char *settings, long *pid,
                              long *child) {
  *pid = *child = 0;
  fake_points_add(&rig->points, "pid", MAPPER_TYPE_I64, "");
  fake_points_add(&rig->points, "child", MAPPER_TYPE_I64, "");
  CHECK_INT(rig_open(rig, command, settings), MAPPER_OK);
  CHECK_INT(fake_device_read_all(&rig->device, 60000), MAPPER_OK);
  CHECK_INT(rig->device.samples[0].status, MAPPER_OK);
  *pid = (long)rig->device.samples[0].value.i64;
  *child = (long)rig->device.samples[1].value.i64;
}

#define PIDS "echo \"{\\\"pid\\\":$$,\\\"child\\\":$!}\"; "

TEST(close_ends_a_program_that_ignores_everything_and_its_children) {
  rig rig = {0};
  long pid, child;
  open_telling_pids(&rig,
                    "sh -c 'trap \"\" TERM INT HUP; sleep 600 & " PIDS "while :; do sleep 1; done'",
                    "format: json, ready: line, stopTimeoutMs: 200", &pid, &child);
  CHECK(pid > 1 && child > 1);
  rig_close(&rig);
  CHECK(is_gone(pid));
  CHECK(is_gone(child));
}

TEST(a_stopped_program_is_ended_too) {
  rig rig = {0};
  long pid, child;
  open_telling_pids(&rig, "sh -c 'sleep 600 & " PIDS "sleep 600'",
                    "format: json, ready: line, stopTimeoutMs: 60000", &pid, &child);
  CHECK(kill((pid_t)pid, SIGSTOP) == 0);
  double start = now_ms();
  rig_close(&rig);
  CHECK(now_ms() - start < 20000); /* SIGTERM was enough */
  CHECK(is_gone(pid));
  CHECK(is_gone(child));
}

TEST(a_program_may_end_by_the_stop_message_or_the_end_of_input) {
  rig rig = {0};
  fake_points_add(&rig.points, "count", MAPPER_TYPE_I64, "");
  CHECK_INT(
      rig_open(&rig, "python3 " TEST_FOLDER "/program.py", "mode: poll, stopTimeoutMs: 60000"),
      MAPPER_OK);
  CHECK_INT(rig_read(&rig, 0), MAPPER_OK); /* python has started */
  rig.device.driver->close(rig.device.device);
  rig.device.is_open = false;
  CHECK_INT(fake_host_logged(rig.host, "python3 program.py: good bye"), 1);
  rig_close(&rig);

  rig = (struct rig){0};
  CHECK_INT(rig_open(&rig, "sh -c 'cat >/dev/null; echo the end >&2'", "stopTimeoutMs: 60000"),
            MAPPER_OK);
  rig.device.driver->close(rig.device.device);
  rig.device.is_open = false;
  CHECK_INT(fake_host_logged(rig.host, "sh: the end"), 1);
  rig_close(&rig);
}

TEST(the_end_of_a_program_takes_the_link_down) {
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "");
  CHECK_INT(rig_open(&rig,
                     "sh -c 'echo 1; sleep 0.8; echo 2; printf 3; echo late trouble >&2; "
                     "kill -11 $$'",
                     "format: text, ready: line"),
            MAPPER_OK);
  CHECK_INT(rig_subscribe(&rig), MAPPER_OK);
  CHECK(fake_host_wait_link(rig.host, rig.device.token, MAPPER_LINK_DOWN, 60000));
  CHECK_TEXT(fake_host_link_text(rig.host, rig.device.token),
             "sh was killed by signal 11 (Segmentation fault): late trouble");
  CHECK(rig_reports(&rig, 0, 2));
  CHECK(rig_reports(&rig, 0, 3)); /* also a last line without its end */
  rig_close(&rig);
}

TEST(a_program_that_closes_its_output_is_ended) {
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "");
  CHECK_INT(rig_open(&rig, "sh -c 'echo 1; exec >&-; sleep 600'", "format: text, ready: line"),
            MAPPER_OK);
  CHECK(fake_host_wait_link(rig.host, rig.device.token, MAPPER_LINK_DOWN, 60000));
  CHECK(strstr(fake_host_link_text(rig.host, rig.device.token),
               "sh closed its standard output and ") != NULL);
  rig_close(&rig);
}

TEST(the_program_inherits_nothing) {
  rig rig = {0};
  int open_here[2];
  REQUIRE(pipe(open_here) == 0); /* without close-on-exec, as a careless library leaves them */
  fake_points_add(&rig.points, "files", MAPPER_TYPE_TEXT, "");
  CHECK_INT(
      rig_open(&rig,
               "python3 -c 'import os,signal\n"
               "files = [f for f in range(3, 200) if os.path.exists(\"/proc/self/fd/%d\" % f)]\n"
               "mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])\n"
               "print(files, sorted(mask), signal.getsignal(signal.SIGTERM) == signal.SIG_DFL,"
               " os.getpgrp() == os.getpid())'",
               "mode: oneshot, format: text"),
      MAPPER_OK);
  CHECK_INT(rig_read(&rig, 0), MAPPER_OK);
  CHECK(is_text(rig.device.samples[0].value, "[] [] True True"));
  close(open_here[0]);
  close(open_here[1]);
  rig_close(&rig);
}

static void crash_with_child(const char *path) {
  rig rig = {0};
  char command[200];
  snprintf(command, sizeof command, "sh -c 'echo $$ >%s; echo 1; exec sleep 600'", path);
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "");
  if (rig_open(&rig, command, "format: text, ready: line") != MAPPER_OK) _exit(3);
  kill(getpid(), SIGKILL);
}

TEST(a_program_does_not_outlive_its_host) {
  char path[] = "/tmp/exec-test-XXXXXX";
  int file = mkstemp(path);
  REQUIRE(file >= 0);
  close(file);
  end_of(crash_with_child, path, 30000);
  long pid = 0;
  FILE *pids = fopen(path, "r");
  REQUIRE(pids);
  CHECK_INT(fscanf(pids, "%ld", &pid), 1);
  fclose(pids);
  unlink(path);
  CHECK(is_gone(pid));
}

TEST(open_and_close_leave_no_thread_and_no_descriptor) {
  rig rig = {0};
  int blocking, threads = 0;
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "");
  CHECK_INT(rig_bind(&rig, "sh -c 'echo 1; read line'", "format: text, ready: line"), MAPPER_OK);
  CHECK_INT(fake_device_open(&rig.device, 60000), MAPPER_OK);
  CHECK(other_threads(&blocking) >= 1);
  rig.device.driver->close(rig.device.device);
  int before = dup(0), after;
  close(before);
  threads = other_threads(&blocking);
  for (int i = 0; i < 20; i++) {
    CHECK_INT(fake_device_open(&rig.device, 60000), MAPPER_OK);
    CHECK_INT(rig_subscribe(&rig), MAPPER_OK);
    rig.device.driver->close(rig.device.device); /* a host that forgets stop */
  }
  rig.device.is_open = false;
  after = dup(0);
  close(after);
  CHECK_INT(after, before);
  CHECK_INT(other_threads(&blocking), threads);
  rig_close(&rig);
}

static int open_files(void) {
  int count = 0;
  for (int file = 0; file < 256; file++) count += fcntl(file, F_GETFD) >= 0;
  return count;
}

TEST(lives_that_get_nowhere_leave_no_descriptor) {
  static const char *const programs[] = {"sleep 600", "/nowhere", "sh -c 'exit 1'",
                                         "sh -c 'echo 1'"};
  mapper_host *host = fake_host_load(MAPPER_LIBRARY);
  REQUIRE(host);
  fake_points points = {0};
  fake_points_add(&points, "a", MAPPER_TYPE_I64, "");
  int before = 0;
  for (int round = 0; round < 12; round++) {
    if (round == 4) before = open_files(); /* libraries open some things once */
    char settings[128];
    snprintf(settings, sizeof settings, "format: text, command: %s", programs[round % 4]);
    fake_device device;
    CHECK_INT(fake_device_bind(&device, host, fake_host_driver(host, "exec"), settings, &points),
              MAPPER_OK);
    if (fake_device_open(&device, 100) == MAPPER_OK) fake_device_read_all(&device, 100);
    fake_device_free(&device);
  }
  CHECK_INT(open_files(), before);
  fake_points_free(&points);
  fake_host_unload(host);
}
