/* SPDX-License-Identifier: Apache-2.0
 *
 * That each test mapper does what it is for, so that a host's test against it means something.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "fakehost.h"
#include "mapper/helpers.h"
#include "process.h"

static const char *path_of(const char *name) {
  static char path[512];
  snprintf(path, sizeof path, FIXTURES "/%s.so", name);
  return path;
}

static const mapper_entry_v1 *entry_of(const char *name) {
  void *library = dlopen(path_of(name), RTLD_NOW | RTLD_LOCAL);
  return library ? dlsym(library, MAPPER_ENTRY_SYMBOL) : NULL;
}

/* ---- a device of a fixture ---------------------------------------------------------------- */

typedef struct rig {
  mapper_host *host;
  fake_points points;
  fake_device device;
} rig;

static bool rig_bind(rig *rig, const char *name, const char *settings, mapper_status *status) {
  rig->host = fake_host_load(path_of(name));
  const mapper_driver *driver = rig->host ? fake_host_driver(rig->host, name) : NULL;
  if (!driver) return false;
  *status = fake_device_bind(&rig->device, rig->host, driver, settings, &rig->points);
  return true;
}

static bool rig_open(rig *rig, const char *name, const char *settings) {
  mapper_status status;
  if (!rig->points.count) fake_points_add(&rig->points, "point", MAPPER_TYPE_I64, "");
  return rig_bind(rig, name, settings, &status) && status == MAPPER_OK &&
         fake_device_open(&rig->device, 20000) == MAPPER_OK;
}

static void rig_close(rig *rig) {
  if (rig->host) fake_device_free(&rig->device);
  if (rig->host) fake_host_unload(rig->host);
  fake_points_free(&rig->points);
}

static const mapper_subscribe *subscribe_of(const rig *rig) {
  return rig->device.driver->query(MAPPER_EXT_SUBSCRIBE);
}

static mapper_status start(rig *rig, uint64_t subscription) {
  fake_call_again(rig->device.call, 60000);
  return subscribe_of(rig)->start(rig->device.device, rig->device.call, subscription,
                                  rig->device.ids, rig->device.count, 0, rig->device.results);
}

/* ---- tables ------------------------------------------------------------------------------- */

TEST(every_library_shows_its_entry_alone) {
  static const char *const names[] = {
      "echo",         "threads",     "methods",      "scanner",
      "restless",     "short-table", "unfilled",     "late",
      "hang",         "crash",       "abort",        "exit",
      "bind-refuses", "open-fails",  "wrong-values", "report-after-stop"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const mapper_entry_v1 *entry = entry_of(names[i]);
    REQUIRE(entry);
    CHECK_TEXT(entry->name, names[i]);
    CHECK_INT(entry->abi_major, MAPPER_ABI_MAJOR);
    CHECK_INT(entry->size, sizeof *entry);
    mapper_host *host = fake_host_load(path_of(names[i]));
    REQUIRE(host);
    CHECK(fake_host_driver(host, names[i]) != NULL);
    CHECK(entry->driver(1) == NULL);
    fake_host_unload(host);
  }
}

TEST(what_is_to_be_refused_can_be_told_from_its_tables) {
  CHECK(entry_of("no-entry") == NULL);
  CHECK_INT(entry_of("wrong-major")->abi_major, MAPPER_ABI_MAJOR + 1);
  CHECK_INT(entry_of("too-short")->size, offsetof(mapper_entry_v1, driver));
  mapper_host *host = fake_host_load(path_of("null-slot"));
  REQUIRE(host);
  CHECK(fake_host_driver(host, "null-slot")->read == NULL);
  fake_host_unload(host);
  host = fake_host_load(path_of("too-short-driver"));
  REQUIRE(host);
  CHECK_INT(fake_host_driver(host, "too-short-driver")->size, offsetof(mapper_driver, destroy));
  fake_host_unload(host);
}

TEST(the_short_table_works_and_ends_where_it_says) {
  mapper_host *host = fake_host_load(path_of("short-table"));
  REQUIRE(host);
  const mapper_driver *driver = fake_host_entry(host)->driver(0);
  CHECK_INT(driver->size, offsetof(mapper_driver, query));
  CHECK((uintptr_t)((const char *)driver + driver->size) % (uintptr_t)sysconf(_SC_PAGESIZE) == 0);
  mapper_driver copy = {0};
  memcpy(&copy, driver, driver->size);
  fake_points points = {0};
  fake_device device;
  fake_points_add(&points, "point", MAPPER_TYPE_TEXT, "");
  CHECK_INT(fake_device_bind(&device, host, &copy, "", &points), MAPPER_OK);
  CHECK_INT(fake_device_open(&device, 20000), MAPPER_OK);
  CHECK_INT(fake_device_read_all(&device, 20000), MAPPER_OK);
  CHECK_INT(device.samples[0].value.count, 7);
  fake_device_free(&device);
  fake_points_free(&points);
  fake_host_unload(host);
}

/* ---- echo --------------------------------------------------------------------------------- */

static mapper_status write_value(rig *rig, uint32_t id, mapper_value value) {
  mapper_write write = {.point = id, .value = value};
  mapper_status status = fake_device_write(&rig->device, &write, 1, 20000);
  return status == MAPPER_OK ? rig->device.results[0] : status;
}

TEST(echo_returns_every_type) {
  static const int16_t words[] = {-1, 2, 3};
  static const double numbers[] = {0.5, -2};
  static const bool bits[] = {true, false, true};
  const mapper_value values[] = {
      mapper_bool(true),
      mapper_int(MAPPER_TYPE_I8, -128),
      mapper_uint(MAPPER_TYPE_U8, 255),
      mapper_int(MAPPER_TYPE_I16, -3),
      mapper_uint(MAPPER_TYPE_U16, 65535),
      mapper_int(MAPPER_TYPE_I32, -4),
      mapper_uint(MAPPER_TYPE_U32, 5),
      mapper_int(MAPPER_TYPE_I64, INT64_MIN),
      mapper_uint(MAPPER_TYPE_U64, UINT64_MAX),
      mapper_float(MAPPER_TYPE_F32, 0.5),
      mapper_float(MAPPER_TYPE_F64, 0.1),
      mapper_data(MAPPER_TYPE_TEXT, "Grüße", 7),
      mapper_data(MAPPER_TYPE_BYTES, "\0\xff", 2),
      mapper_data(MAPPER_TYPE_ARRAY | MAPPER_TYPE_I16, words, 3),
      mapper_data(MAPPER_TYPE_ARRAY | MAPPER_TYPE_F64, numbers, 2),
      mapper_data(MAPPER_TYPE_ARRAY | MAPPER_TYPE_BOOL, bits, 3),
      mapper_data(MAPPER_TYPE_TEXT, "", 0),
  };
  static const size_t sizes[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 2, 6, 16, 3, 0};
  enum { COUNT = sizeof values / sizeof *values };
  rig rig = {0};
  for (int i = 0; i < COUNT; i++) fake_points_add(&rig.points, "point", values[i].type, "");
  REQUIRE(rig_open(&rig, "echo", ""));
  CHECK_INT(fake_device_read_all(&rig.device, 20000), MAPPER_OK);
  for (int i = 0; i < COUNT; i++) {
    CHECK_INT(rig.device.samples[i].status, MAPPER_OK);
    CHECK_INT(rig.device.samples[i].value.type, values[i].type);
    CHECK_INT(write_value(&rig, (uint32_t)i, values[i]), MAPPER_OK);
  }
  CHECK_INT(fake_device_read_all(&rig.device, 20000), MAPPER_OK);
  for (int i = 0; i < COUNT; i++) {
    const mapper_value *value = &rig.device.samples[i].value;
    CHECK_INT(value->type, values[i].type);
    CHECK_INT(value->count, values[i].count);
    if (i < 11) CHECK(value->u64 == values[i].u64);
    if (sizes[i]) CHECK(memcmp(value->data, values[i].data, sizes[i]) == 0);
  }
  CHECK_INT(write_value(&rig, 0, mapper_int(MAPPER_TYPE_I64, 1)), MAPPER_TYPE);
  CHECK_INT(write_value(&rig, 99, mapper_bool(true)), MAPPER_NOT_FOUND);
  fake_call_again(rig.device.call, 60000);
  fake_call_starve(rig.device.call);
  CHECK_INT(rig.device.driver->read(rig.device.device, rig.device.call, rig.device.ids,
                                    rig.device.count, rig.device.samples),
            MAPPER_NO_MEMORY);
  rig_close(&rig);
}

TEST(echo_reports_what_is_written) {
  rig rig = {0};
  fake_points_add(&rig.points, "text", MAPPER_TYPE_TEXT, "");
  fake_points_add(&rig.points, "number", MAPPER_TYPE_I64, "");
  REQUIRE(rig_open(&rig, "echo", ""));
  CHECK_INT(write_value(&rig, 0, mapper_data(MAPPER_TYPE_TEXT, "before", 6)), MAPPER_OK);
  fake_host_answer_reports(rig.host, MAPPER_BUSY); /* it tries again */
  CHECK_INT(start(&rig, 9), MAPPER_OK);
  usleep(30000);
  fake_host_answer_reports(rig.host, MAPPER_OK);
  CHECK(fake_host_wait_reports(rig.host, 2, 60000));
  mapper_sample sample = fake_host_report(rig.host, 0);
  CHECK_INT(sample.value.count, 6);
  CHECK(memcmp(sample.value.data, "before", 6) == 0);
  for (int i = 1; i <= 20; i++) {
    CHECK_INT(write_value(&rig, 1, mapper_int(MAPPER_TYPE_I64, i)), MAPPER_OK);
    CHECK(fake_host_wait_reports(rig.host, 2 + (uint32_t)i, 60000));
    CHECK_INT(fake_host_report(rig.host, 1 + (uint32_t)i).value.i64, i);
    CHECK_INT(fake_device_read_all(&rig.device, 20000), MAPPER_OK);
  }
  subscribe_of(&rig)->stop(rig.device.device, 9);
  CHECK_INT(write_value(&rig, 1, mapper_int(MAPPER_TYPE_I64, 99)), MAPPER_OK);
  usleep(20000);
  CHECK_INT(fake_host_report_count(rig.host), 22);
  rig_close(&rig);
}

TEST(echo_names_its_lane) {
  mapper_host *host = fake_host_load(path_of("echo"));
  REQUIRE(host);
  mapper_settings settings = fake_settings("line: bus-7");
  char key[16] = "";
  CHECK_INT(fake_host_driver(host, "echo")->lane(&settings, key, sizeof key), 5);
  CHECK_TEXT(key, "bus-7");
  CHECK_INT(fake_host_driver(host, "echo")->lane(&settings, key, 4), 0);
  fake_settings_free(&settings);
  fake_host_unload(host);
}

/* ---- those that misbehave but stay alive -------------------------------------------------- */

TEST(unfilled_leaves_samples_as_they_were) {
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "");
  fake_points_add(&rig.points, "b", MAPPER_TYPE_I64, "");
  REQUIRE(rig_open(&rig, "unfilled", "fill: 1"));
  CHECK_INT(fake_device_read_all(&rig.device, 20000), MAPPER_OK);
  CHECK_INT(rig.device.samples[0].status, MAPPER_OK);
  CHECK_INT(rig.device.samples[1].status, MAPPER_NOT_FILLED);
  CHECK_INT(rig.device.samples[1].value.type, MAPPER_TYPE_NONE);
  rig_close(&rig);
}

TEST(wrong_values_are_wrong_as_chosen) {
  static const char *const wrongs[] = {"nothing", "point",     "other-point",
                                       "type",    "null-text", "array-of-text",
                                       "bool",    "status",    "value-with-error"};
  enum { COUNT = sizeof wrongs / sizeof *wrongs };
  rig rig = {0};
  char settings[64];
  for (int i = 0; i < COUNT; i++) {
    snprintf(settings, sizeof settings, "wrong: %s", wrongs[i]);
    fake_points_add(&rig.points, wrongs[i], MAPPER_TYPE_I64, settings);
  }
  fake_points_add(&rig.points, "unknown", MAPPER_TYPE_I64, "wrong: somehow");
  REQUIRE(rig_open(&rig, "wrong-values", ""));
  CHECK_INT(rig.device.results[COUNT], MAPPER_INVALID);
  CHECK_INT(fake_device_read(&rig.device, rig.device.ids, COUNT, 20000), MAPPER_OK);
  const mapper_sample *samples = rig.device.samples;
  CHECK_INT(samples[0].value.i64, 1);
  CHECK(samples[1].point > COUNT);
  CHECK_INT(samples[2].point, 3);
  CHECK_INT(samples[3].value.type, 99);
  CHECK(samples[4].value.type == MAPPER_TYPE_TEXT && !samples[4].value.data);
  CHECK_INT(samples[4].value.count, 1 << 30);
  CHECK_INT(samples[5].value.type, MAPPER_TYPE_ARRAY | MAPPER_TYPE_TEXT);
  CHECK_INT(samples[6].value.u64, 7);
  CHECK_INT(samples[7].status, 200);
  CHECK(samples[8].status == MAPPER_TIMEOUT && samples[8].value.type != MAPPER_TYPE_NONE);
  rig_close(&rig);
}

TEST(late_comes_late_whatever_is_said) {
  rig rig = {0};
  REQUIRE(rig_open(&rig, "late", "lateMs: 2000, after: 1"));
  CHECK_INT(fake_device_read_all(&rig.device, 50), MAPPER_OK);
  fake_call_again(rig.device.call, 50);
  fake_call_cancel_after(rig.device.call, 20);
  CHECK_INT(rig.device.driver->read(rig.device.device, rig.device.call, rig.device.ids, 1,
                                    rig.device.samples),
            MAPPER_OK);
  CHECK(fake_call_since_cancel(rig.device.call) >= 150);
  rig_close(&rig);
}

TEST(bind_refuses_device_point_and_set) {
  rig first = {0}, second = {0}, third = {0};
  mapper_status status = MAPPER_OK;
  fake_points_add(&first.points, "good", MAPPER_TYPE_I64, "");
  fake_points_add(&first.points, "bad", MAPPER_TYPE_I64, "refuse: true");
  REQUIRE(rig_bind(&first, "bind-refuses", "", &status));
  CHECK_INT(status, MAPPER_OK);
  CHECK_INT(first.device.results[0], MAPPER_OK);
  CHECK_INT(first.device.results[1], MAPPER_INVALID);
  CHECK_TEXT(fake_call_item(first.device.call, 1), "bad: setting refuse: true: expected false");
  REQUIRE(rig_bind(&second, "bind-refuses", "refuse: true", &status));
  CHECK_INT(status, MAPPER_INVALID);
  CHECK_TEXT(fake_call_text(second.device.call), "setting refuse: true: expected false");
  REQUIRE(rig_bind(&third, "bind-refuses", "refuseAll: true", &status));
  CHECK_INT(status, MAPPER_INVALID);
  rig_close(&first);
  rig_close(&second);
  rig_close(&third);
}

TEST(open_fails_and_then_works) {
  rig rig = {0};
  mapper_status status;
  fake_points_add(&rig.points, "point", MAPPER_TYPE_I64, "");
  REQUIRE(rig_bind(&rig, "open-fails", "failures: 2", &status));
  CHECK_INT(fake_device_open(&rig.device, 20000), MAPPER_UNAVAILABLE);
  CHECK_TEXT(fake_call_text(rig.device.call), "will fail 1 times more");
  CHECK_INT(fake_device_open(&rig.device, 20000), MAPPER_UNAVAILABLE);
  CHECK_INT(fake_device_open(&rig.device, 20000), MAPPER_OK);
  CHECK_INT(fake_device_read_all(&rig.device, 20000), MAPPER_OK);
  rig_close(&rig);
}

TEST(report_after_stop_goes_on) {
  rig rig = {0};
  REQUIRE(rig_open(&rig, "report-after-stop", ""));
  CHECK_INT(start(&rig, 3), MAPPER_OK);
  CHECK(fake_host_wait_reports(rig.host, 1, 60000));
  subscribe_of(&rig)->stop(rig.device.device, 3);
  CHECK(fake_host_wait_reports(rig.host, fake_host_report_count(rig.host) + 5, 60000));
  rig_close(&rig);
}

TEST(threads_report_all_they_promised) {
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "");
  fake_points_add(&rig.points, "b", MAPPER_TYPE_I64, "");
  REQUIRE(rig_open(&rig, "threads", "threads: 8, reports: 100"));
  CHECK_INT(start(&rig, 3), MAPPER_OK);
  CHECK(fake_host_wait_reports(rig.host, 1600, 20000));
  subscribe_of(&rig)->stop(rig.device.device, 3);
  CHECK_INT(fake_host_report_count(rig.host), 1600);
  CHECK_INT(fake_host_logged(rig.host, "a thread is through"), 8);
  rig_close(&rig);
}

/* ---- those that end the process ----------------------------------------------------------- */

/* One good read, then the bad one. */
static void read_twice(const char *name) {
  rig rig = {0};
  if (!rig_open(&rig, name, "after: 1")) _exit(90);
  if (fake_device_read_all(&rig.device, 50) != MAPPER_OK) _exit(91);
  fake_device_read_all(&rig.device, 50);
}

static void load_into_host(const char *name) { fake_host_load(path_of(name)); }

static void load_only(const char *name) { dlopen(path_of(name), RTLD_NOW | RTLD_LOCAL); }

TEST(crash_abort_exit_and_hang_are_real) {
  int status = end_of(read_twice, "crash", 60000);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
  status = end_of(read_twice, "abort", 60000);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
  status = end_of(read_twice, "exit", 60000);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
  CHECK_INT(end_of(read_twice, "hang", 500), -1);
}

TEST(crash_in_constructor_crashes_within_dlopen) {
  int status = end_of(load_only, "crash-in-constructor", 60000);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

TEST(endless_loop_and_hang_in_load_do_not_come_back) {
  CHECK_INT(end_of(read_twice, "endless-loop", 500), -1);
  CHECK_INT(end_of(load_into_host, "hang-in-load", 500), -1);
}

/* ---- those that take too much or go too far ----------------------------------------------- */

/* What the only point reads as, or -1000 when it cannot be read. */
static int64_t first_value(rig *rig) {
  if (fake_device_read_all(&rig->device, 20000) != MAPPER_OK) return -1000;
  return rig->device.samples[0].value.i64;
}

static long resident_pages(void) {
  long size = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%ld %ld", &size, &resident) != 2) resident = -1;
  if (file) fclose(file);
  return resident;
}

static void leak_once(const char *name) {
  rig rig = {0};
  if (!rig_open(&rig, name, "after: 1, megabytes: 40")) _exit(90);
  fake_device_read_all(&rig.device, 1000);
  long before = resident_pages();
  fake_device_read_all(&rig.device, 1000);
  _exit((resident_pages() - before) * sysconf(_SC_PAGESIZE) >= 40 << 20 ? 0 : 91);
}

TEST(leak_keeps_what_it_takes) { CHECK_INT(end_of(leak_once, "leak", 60000), 0); }

TEST(fork_bomb_tells_the_number_of_a_process) {
  rig rig = {0};
  REQUIRE(rig_open(&rig, "fork-bomb", "count: 1"));
  pid_t child = (pid_t)first_value(&rig);
  REQUIRE(child > 0);
  CHECK_INT(kill(child, SIGKILL), 0);
  CHECK_INT(waitpid(child, NULL, 0), child);
  rig_close(&rig);
}

static int64_t attempt(const char *settings) {
  rig rig = {0};
  int64_t result = rig_open(&rig, "escapes", settings) ? first_value(&rig) : -1001;
  rig_close(&rig);
  return result;
}

TEST(escapes_tells_what_it_reached) {
  CHECK_INT(attempt("attempt: open, path: /"), 0);
  CHECK_INT(attempt("attempt: open, path: /no/such/file"), ENOENT);
  CHECK_INT(attempt("attempt: change, path: /"), EISDIR);
  CHECK_INT(attempt("attempt: thread"), 0);
  CHECK_INT(attempt("attempt: program"), 0);
  CHECK_INT(attempt("attempt: signal"), 0);
  CHECK_INT(attempt("attempt: who"), geteuid());
}

CHECK_MAIN("fixtures")
