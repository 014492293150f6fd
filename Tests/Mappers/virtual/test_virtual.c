/* SPDX-License-Identifier: Apache-2.0
 *
 * The mapper for virtual devices, through its table.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "fakehost.h"
#include "mapper/helpers.h"

/* ---- fixtures ----------------------------------------------------------------------------- */

typedef struct rig {
  mapper_host *host;
  fake_points points;
  fake_device device;
} rig;

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * (int64_t)1000 + now.tv_nsec / 1000000;
}

/* Makes a device out of the points added so far and opens it. */
static bool rig_open(rig *rig, const char *settings) {
  rig->host = fake_host_load(MAPPER_LIBRARY);
  if (!rig->host) return false;
  const mapper_driver *driver = fake_host_driver(rig->host, "virtual");
  if (!driver) return false;
  if (fake_device_bind(&rig->device, rig->host, driver, settings, &rig->points) != MAPPER_OK)
    return false;
  return fake_device_open(&rig->device, 1000) == MAPPER_OK;
}

static void rig_close(rig *rig) {
  if (rig->host) fake_device_free(&rig->device);
  if (rig->host) fake_host_unload(rig->host);
  fake_points_free(&rig->points);
}

static mapper_value read_value(rig *rig, uint32_t id) {
  mapper_status status = fake_device_read(&rig->device, &id, 1, 1000);
  CHECK_INT(status, MAPPER_OK);
  CHECK_INT(rig->device.samples[0].status, MAPPER_OK);
  return rig->device.samples[0].value;
}

static mapper_status write_value(rig *rig, uint32_t id, mapper_value value) {
  mapper_write write = {.point = id, .value = value};
  mapper_status status = fake_device_write(&rig->device, &write, 1, 1000);
  return status == MAPPER_OK ? rig->device.results[0] : status;
}

static mapper_status arm(rig *rig, uint32_t id, const char *fault) {
  return write_value(rig, id, mapper_data(MAPPER_TYPE_TEXT, fault, (uint32_t)strlen(fault)));
}

static bool is_text(mapper_value value, const char *text) {
  return value.type == MAPPER_TYPE_TEXT && value.count == strlen(text) &&
         memcmp(value.data, text, value.count) == 0;
}

/* ---- the table ---------------------------------------------------------------------------- */

TEST(offers_one_driver_with_schemas) {
  mapper_host *host = fake_host_load(MAPPER_LIBRARY);
  REQUIRE(host);
  const mapper_driver *driver = fake_host_driver(host, "virtual");
  REQUIRE(driver);
  CHECK_TEXT(fake_host_entry(host)->name, "virtual");
  CHECK(strstr(driver->device_schema, "\"seed\"") != NULL);
  CHECK(strstr(driver->point_schema, "\"randomWalk\"") != NULL);
  CHECK(fake_host_entry(host)->driver(1) == NULL);
  CHECK(driver->query(MAPPER_EXT_SUBSCRIBE) != NULL);
  CHECK(driver->query("mapper.methods/1") == NULL);
  fake_host_unload(host);
}

/* ---- kinds -------------------------------------------------------------------------------- */

TEST(sine_and_ramp_follow_the_time_since_open) {
  rig rig = {0};
  uint32_t sine = fake_points_add(&rig.points, "sine", MAPPER_TYPE_F64,
                                  "kind: sine, amplitude: 2, offset: 10, period: 400");
  uint32_t ramp = fake_points_add(&rig.points, "ramp", MAPPER_TYPE_F64,
                                  "kind: ramp, min: -5, max: 5, period: 400");
  REQUIRE(rig_open(&rig, ""));
  double lowest = INFINITY, highest = -INFINITY, last = -INFINITY;
  int falls = 0;
  for (int64_t end = now_ms() + 900; now_ms() < end;) {
    double value = read_value(&rig, sine).f64;
    lowest = fmin(lowest, value);
    highest = fmax(highest, value);
    double level = read_value(&rig, ramp).f64;
    CHECK(level >= -5 && level < 5);
    falls += level < last;
    last = level;
  }
  CHECK(lowest >= 8 && lowest < 8.1);
  CHECK(highest <= 12 && highest > 11.9);
  CHECK(falls >= 1 && falls <= 3); /* it falls back once a period */
  rig_close(&rig);
}

static void walk_of_seed(const char *settings, double values[20]) {
  rig rig = {0};
  uint32_t other = fake_points_add(&rig.points, "other", MAPPER_TYPE_F64, "kind: randomWalk");
  uint32_t walk = fake_points_add(&rig.points, "walk", MAPPER_TYPE_F64,
                                  "kind: randomWalk, min: 0, max: 10, step: 3");
  if (!CHECK(rig_open(&rig, settings))) return;
  for (int i = 0; i < 20; i++) {
    if (i % 3 == 0) read_value(&rig, other);
    values[i] = read_value(&rig, walk).f64;
  }
  rig_close(&rig);
}

TEST(random_walk_depends_on_the_seed_alone) {
  double first[20], again[20], different[20];
  walk_of_seed("seed: 7", first);
  walk_of_seed("seed: 7", again);
  walk_of_seed("seed: 8", different);
  CHECK(memcmp(first, again, sizeof first) == 0);
  CHECK(memcmp(first, different, sizeof first) != 0);
  CHECK_DOUBLE(first[0], 5); /* it starts in the middle */
  for (int i = 1; i < 20; i++) {
    CHECK(first[i] >= 0 && first[i] <= 10);
    CHECK(fabs(first[i] - first[i - 1]) <= 3);
    CHECK(first[i] != first[i - 1]);
  }
}

TEST(counter_counts_reads_and_goes_round) {
  rig rig = {0};
  uint32_t up =
      fake_points_add(&rig.points, "up", MAPPER_TYPE_I64, "kind: counter, min: 1, max: 3");
  uint32_t down = fake_points_add(&rig.points, "down", MAPPER_TYPE_I64,
                                  "kind: counter, offset: 4, step: -2, min: 0, max: 4");
  uint32_t odd = fake_points_add(&rig.points, "odd", MAPPER_TYPE_BOOL, "kind: counter");
  REQUIRE(rig_open(&rig, ""));
  const int64_t ups[] = {1, 2, 3, 1, 2}, downs[] = {4, 2, 0, 4, 2}, odds[] = {0, 1, 0, 1, 0};
  for (int i = 0; i < 5; i++) {
    CHECK_INT(read_value(&rig, up).i64, ups[i]);
    CHECK_INT(read_value(&rig, down).i64, downs[i]);
    CHECK_INT(read_value(&rig, odd).u64, odds[i]);
  }
  rig_close(&rig);
}

TEST(constants_have_every_type) {
  static const struct {
    mapper_type type;
    const char *settings;
    double number;
    const char *text;
  } cases[] = {
      {MAPPER_TYPE_I64, "kind: constant, offset: -7", -7, NULL},
      {MAPPER_TYPE_F32, "kind: constant, offset: 0.1", (double)0.1f, NULL},
      {MAPPER_TYPE_F64, "kind: constant, offset: 0.1", 0.1, NULL},
      {MAPPER_TYPE_BOOL, "kind: constant, offset: 1", 1, NULL},
      {MAPPER_TYPE_U8, "kind: constant, offset: 255", 255, NULL},
      {MAPPER_TYPE_I16, "kind: constant, offset: -32768", -32768, NULL},
      {MAPPER_TYPE_TEXT, "kind: constant, text: \"Grüße\"", 0, "Grüße"},
      {MAPPER_TYPE_TEXT, "kind: constant, offset: 2.5", 0, "2.5"},
      {MAPPER_TYPE_BYTES, "kind: constant, text: ab", 0, "ab"},
      {MAPPER_TYPE_NONE, "kind: constant, offset: 3", 3, NULL},
      {MAPPER_TYPE_NONE, "kind: constant, text: free", 0, "free"},
  };
  enum { COUNT = sizeof cases / sizeof *cases };
  rig rig = {0};
  for (int i = 0; i < COUNT; i++)
    fake_points_add(&rig.points, "constant", cases[i].type, cases[i].settings);
  REQUIRE(rig_open(&rig, ""));
  CHECK_INT(fake_device_read_all(&rig.device, 1000), MAPPER_OK);
  for (int i = 0; i < COUNT; i++) {
    const mapper_sample *sample = &rig.device.samples[i];
    CHECK_INT(sample->status, MAPPER_OK);
    CHECK_INT(sample->quality, MAPPER_GOOD);
    if (cases[i].text) {
      CHECK_INT(sample->value.count, strlen(cases[i].text));
      CHECK(memcmp(sample->value.data, cases[i].text, sample->value.count) == 0);
    } else if (cases[i].type == MAPPER_TYPE_F32 || cases[i].type == MAPPER_TYPE_F64 ||
               cases[i].type == MAPPER_TYPE_NONE) {
      CHECK_DOUBLE(sample->value.f64, cases[i].number);
    } else {
      CHECK_INT(sample->value.i64, cases[i].number);
    }
    if (cases[i].type) CHECK_INT(sample->value.type, cases[i].type);
  }
  rig_close(&rig);
}

TEST(settable_keeps_what_is_written) {
  rig rig = {0};
  uint32_t number = fake_points_add(&rig.points, "number", MAPPER_TYPE_I64,
                                    "kind: settable, offset: 20, min: 10, max: 30");
  uint32_t text = fake_points_add(&rig.points, "text", MAPPER_TYPE_TEXT, "kind: settable");
  uint32_t bytes = fake_points_add(&rig.points, "bytes", MAPPER_TYPE_BYTES, "kind: settable");
  uint32_t sine = fake_points_add(&rig.points, "sine", MAPPER_TYPE_F64, "kind: sine");
  REQUIRE(rig_open(&rig, ""));
  CHECK_INT(read_value(&rig, number).i64, 20);
  CHECK_INT(write_value(&rig, number, mapper_int(MAPPER_TYPE_I64, 25)), MAPPER_OK);
  CHECK_INT(read_value(&rig, number).i64, 25);
  CHECK_INT(write_value(&rig, number, mapper_int(MAPPER_TYPE_I64, 31)), MAPPER_INVALID);
  CHECK_TEXT(fake_call_item(rig.device.call, 0), "number: 31: expected 10 to 30");
  CHECK_INT(write_value(&rig, number, mapper_float(MAPPER_TYPE_F64, 25)), MAPPER_TYPE);
  CHECK_INT(read_value(&rig, number).i64, 25);

  CHECK(is_text(read_value(&rig, text), ""));
  CHECK_INT(write_value(&rig, text, mapper_data(MAPPER_TYPE_TEXT, "open", 4)), MAPPER_OK);
  CHECK(is_text(read_value(&rig, text), "open"));
  CHECK_INT(write_value(&rig, bytes, mapper_data(MAPPER_TYPE_BYTES, "\0\xff", 2)), MAPPER_OK);
  mapper_value value = read_value(&rig, bytes);
  CHECK_INT(value.count, 2);
  CHECK(memcmp(value.data, "\0\xff", 2) == 0);

  CHECK_INT(write_value(&rig, sine, mapper_float(MAPPER_TYPE_F64, 1)), MAPPER_UNSUPPORTED);
  CHECK_TEXT(fake_call_item(rig.device.call, 0), "sine: a sine point cannot be set");
  CHECK_INT(write_value(&rig, 99, mapper_bool(true)), MAPPER_NOT_FOUND);
  /* What was set is still there after the link was down. */
  rig.device.driver->close(rig.device.device);
  CHECK_INT(fake_device_open(&rig.device, 1000), MAPPER_OK);
  CHECK_INT(read_value(&rig, number).i64, 25);
  rig_close(&rig);
}

TEST(a_value_outside_its_type_is_an_error_of_its_point_alone) {
  rig rig = {0};
  fake_points_add(&rig.points, "narrow", MAPPER_TYPE_U8, "kind: counter, offset: 300, step: 0");
  fake_points_add(&rig.points, "good", MAPPER_TYPE_U16, "kind: counter, offset: 300, step: 0");
  REQUIRE(rig_open(&rig, ""));
  CHECK_INT(fake_device_read_all(&rig.device, 1000), MAPPER_OK);
  CHECK_INT(rig.device.samples[0].status, MAPPER_TYPE);
  CHECK_INT(rig.device.samples[0].value.type, MAPPER_TYPE_NONE);
  CHECK_INT(rig.device.samples[1].status, MAPPER_OK);
  CHECK_INT(rig.device.samples[1].value.u64, 300);
  uint32_t unknown = 99;
  CHECK_INT(fake_device_read(&rig.device, &unknown, 1, 1000), MAPPER_OK);
  CHECK_INT(rig.device.samples[0].status, MAPPER_NOT_FOUND);
  rig_close(&rig);
}

/* ---- settings ----------------------------------------------------------------------------- */

TEST(bind_refuses_points_one_by_one) {
  static const struct {
    mapper_type type;
    const char *settings, *text;
    mapper_status status;
  } cases[] = {
      {MAPPER_TYPE_F64, "kind: sine", "", MAPPER_OK},
      {MAPPER_TYPE_F64, "kind: cosine",
       "p: setting kind: 'cosine': expected sine, ramp, randomWalk, counter, constant, settable or "
       "fault",
       MAPPER_INVALID},
      {MAPPER_TYPE_F64, "", NULL, MAPPER_INVALID},
      {MAPPER_TYPE_F64, "kind: ramp, min: 5, max: 1", "p: setting min: 5: expected at most max, 1",
       MAPPER_INVALID},
      {MAPPER_TYPE_F64, "kind: sine, period: 0",
       "p: setting period: 0: expected 1 or more milliseconds", MAPPER_INVALID},
      {MAPPER_TYPE_F64, "kind: constant, text: abc",
       "p: setting text: expected a property of type STRING or BYTES", MAPPER_INVALID},
      {MAPPER_TYPE_U8, "kind: constant, offset: 256",
       "p: setting offset: 256 does not fit the property's type", MAPPER_INVALID},
      {MAPPER_TYPE_F64, "kind: randomWalk, offset: 101",
       "p: setting offset: 101: expected 0 to 100", MAPPER_INVALID},
      {MAPPER_TYPE_I64, "kind: fault",
       "p: a fault point is text: expected a property of type STRING", MAPPER_INVALID},
      {MAPPER_TYPE_ARRAY | MAPPER_TYPE_F64, "kind: sine", "p: a sine point has no arrays",
       MAPPER_UNSUPPORTED},
  };
  enum { COUNT = sizeof cases / sizeof *cases };
  mapper_host *host = fake_host_load(MAPPER_LIBRARY);
  REQUIRE(host);
  fake_points points = {0};
  for (int i = 0; i < COUNT; i++) fake_points_add(&points, "p", cases[i].type, cases[i].settings);
  fake_device device;
  CHECK_INT(fake_device_bind(&device, host, fake_host_driver(host, "virtual"), "", &points),
            MAPPER_OK);
  for (int i = 0; i < COUNT; i++) {
    CHECK_INT(device.results[i], cases[i].status);
    if (cases[i].text) CHECK_TEXT(fake_call_item(device.call, (uint32_t)i), cases[i].text);
  }
  /* Another bind replaces the set. */
  fake_points one = {0};
  fake_points_add(&one, "one", MAPPER_TYPE_F64, "kind: constant, offset: 9");
  fake_call_again(device.call, 1000);
  CHECK_INT(device.driver->bind(device.device, device.call, one.items, 1, device.results),
            MAPPER_OK);
  CHECK_INT(fake_device_open(&device, 1000), MAPPER_OK);
  uint32_t ids[] = {0, 1};
  CHECK_INT(fake_device_read(&device, ids, 2, 1000), MAPPER_OK);
  CHECK_DOUBLE(device.samples[0].value.f64, 9);
  CHECK_INT(device.samples[1].status, MAPPER_NOT_FOUND);
  fake_device_free(&device);
  fake_points_free(&points);
  fake_points_free(&one);
  fake_host_unload(host);
}

TEST(create_refuses_an_unknown_fault) {
  mapper_host *host = fake_host_load(MAPPER_LIBRARY);
  REQUIRE(host);
  fake_points none = {0};
  fake_device device;
  CHECK_INT(
      fake_device_bind(&device, host, fake_host_driver(host, "virtual"), "fault: bang", &none),
      MAPPER_INVALID);
  CHECK_TEXT(fake_call_text(device.call),
             "setting fault: 'bang': expected none, delay:MS, error:CLASS, hang, crash, exit, "
             "exit:CODE or leak:BYTES");
  fake_device_free(&device);
  fake_host_unload(host);
}

/* ---- faults ------------------------------------------------------------------------------- */

static bool rig_open_with_fault(rig *rig, const char *settings, uint32_t *fault) {
  fake_points_add(&rig->points, "value", MAPPER_TYPE_I64, "kind: settable");
  *fault = fake_points_add(&rig->points, "fault", MAPPER_TYPE_TEXT, "kind: fault");
  return rig_open(rig, settings);
}

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
  CHECK_INT(fake_device_open(&rig.device, 1000), MAPPER_UNAVAILABLE);
  rig_close(&rig);
}

TEST(delay_honours_deadline_and_cancellation) {
  rig rig = {0};
  uint32_t fault;
  REQUIRE(rig_open_with_fault(&rig, "", &fault));
  CHECK_INT(arm(&rig, fault, "delay:150"), MAPPER_OK);
  int64_t start = now_ms();
  CHECK_INT(fake_device_read_all(&rig.device, 2000), MAPPER_OK);
  CHECK(now_ms() - start >= 149 && now_ms() - start < 1000);

  CHECK_INT(arm(&rig, fault, "delay:10000"), MAPPER_OK);
  start = now_ms();
  CHECK_INT(fake_device_read_all(&rig.device, 100), MAPPER_TIMEOUT);
  CHECK(now_ms() - start >= 99 && now_ms() - start < 1000);

  fake_call_again(rig.device.call, 5000);
  fake_call_cancel_after(rig.device.call, 50);
  CHECK_INT(rig.device.driver->read(rig.device.device, rig.device.call, rig.device.ids, 1,
                                    rig.device.samples),
            MAPPER_CANCELLED);
  CHECK(fake_call_since_cancel(rig.device.call) < 100);
  rig_close(&rig);
}

/* Runs a read under the fault in a process of its own and returns how that ended, or -1 when it was
 * still there after `limit_ms` (then it is killed). */
static int end_under(const char *fault_text, int limit_ms) {
  pid_t child = fork();
  if (child == 0) {
    signal(SIGSEGV, SIG_DFL); /* a sanitizer has its own */
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    rig rig = {0};
    uint32_t fault;
    if (!rig_open_with_fault(&rig, "", &fault)) _exit(90);
    if (arm(&rig, fault, fault_text) != MAPPER_OK) _exit(91);
    fake_device_read_all(&rig.device, 50);
    _exit(92);
  }
  for (int waited = 0; waited < limit_ms; waited += 10) {
    int status;
    if (waitpid(child, &status, WNOHANG) == child) return status;
    usleep(10000);
  }
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  return -1;
}

TEST(crash_exit_and_hang_are_real) {
  int status = end_under("crash", 10000);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
  status = end_under("exit:7", 10000);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
  CHECK_INT(end_under("hang", 500), -1);
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
  for (int i = 0; i < 4; i++) CHECK_INT(fake_device_read_all(&rig.device, 1000), MAPPER_OK);
  CHECK(resident_pages() - before >= 4 * 8388608 / sysconf(_SC_PAGESIZE));
  rig_close(&rig);
}

/* ---- push --------------------------------------------------------------------------------- */

static const mapper_subscribe *subscribe_of(const rig *rig) {
  return rig->device.driver->query(MAPPER_EXT_SUBSCRIBE);
}

static mapper_status start(rig *rig, uint32_t min_interval_ms) {
  fake_call_again(rig->device.call, 1000);
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
  CHECK_INT(start(&rig, 0), MAPPER_OK);
  CHECK_INT(rig.device.results[2], MAPPER_OK);
  CHECK_INT(rig.device.results[3], MAPPER_NOT_FOUND);
  CHECK_INT(start(&rig, 0), MAPPER_INVALID);
  CHECK_INT(write_value(&rig, 1, mapper_data(MAPPER_TYPE_TEXT, "a longer text than before", 25)),
            MAPPER_OK);
  CHECK(fake_host_wait_reports(rig.host, 20, 5000));
  subscribe_of(&rig)->stop(rig.device.device, 77);
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
  CHECK(next >= 8);
  CHECK(has_text);
  CHECK(slow >= 1 && slow <= 4); /* once a second when there is no cycle */
  rig_close(&rig);
}

TEST(push_waits_while_the_host_is_busy_and_ends_when_it_is_closed) {
  rig rig = {0};
  fake_points_add(&rig.points, "count", MAPPER_TYPE_I64, "kind: counter");
  rig.points.items[0].cycle_ms = 10;
  REQUIRE(rig_open(&rig, "push: true"));
  fake_host_answer_reports(rig.host, MAPPER_BUSY);
  CHECK_INT(start(&rig, 0), MAPPER_OK);
  usleep(100000);
  fake_host_answer_reports(rig.host, MAPPER_OK);
  CHECK(fake_host_wait_reports(rig.host, 3, 5000));
  fake_host_answer_reports(rig.host, MAPPER_CLOSED);
  usleep(50000);
  fake_host_answer_reports(rig.host, MAPPER_OK);
  uint32_t count = fake_host_report_count(rig.host);
  usleep(50000);
  CHECK_INT(fake_host_report_count(rig.host), count);
  subscribe_of(&rig)->stop(rig.device.device, 77);
  /* And it can start again. */
  CHECK_INT(start(&rig, 30), MAPPER_OK);
  CHECK(fake_host_wait_reports(rig.host, count + 2, 5000));
  subscribe_of(&rig)->stop(rig.device.device, 77);
  rig_close(&rig);
}

TEST(a_fault_on_read_shows_in_reports) {
  rig rig = {0};
  uint32_t fault;
  REQUIRE(rig_open_with_fault(&rig, "push: true", &fault));
  CHECK_INT(arm(&rig, fault, "error:protocol"), MAPPER_OK);
  CHECK_INT(start(&rig, 0), MAPPER_OK);
  CHECK(fake_host_wait_reports(rig.host, 2, 5000));
  CHECK_INT(fake_host_report(rig.host, 0).status, MAPPER_PROTOCOL);
  CHECK(is_text(fake_host_report(rig.host, 0).value, "error:protocol"));
  rig_close(&rig); /* close ends the subscription too */
}

/* Whether the mask of a thread of this process has SIGTERM and SIGINT. */
static bool blocks_signals(int thread) {
  char path[64], line[128];
  unsigned long long mask = 0;
  snprintf(path, sizeof path, "/proc/self/task/%d/status", thread);
  FILE *file = fopen(path, "r");
  if (!file) return false;
  while (fgets(line, sizeof line, file))
    if (sscanf(line, "SigBlk: %llx", &mask) == 1) break;
  fclose(file);
  return (mask & 1ull << (SIGTERM - 1)) && (mask & 1ull << (SIGINT - 1));
}

TEST(the_push_thread_blocks_signals) {
  rig rig = {0};
  fake_points_add(&rig.points, "count", MAPPER_TYPE_I64, "kind: counter");
  rig.points.items[0].cycle_ms = 10;
  REQUIRE(rig_open(&rig, "push: true"));
  CHECK_INT(start(&rig, 0), MAPPER_OK);
  CHECK(fake_host_wait_reports(rig.host, 1, 5000));
  int threads = 0, blocking = 0;
  DIR *tasks = opendir("/proc/self/task");
  REQUIRE(tasks);
  for (struct dirent *task; (task = readdir(tasks));) {
    int id = atoi(task->d_name);
    if (id == 0 || id == getpid()) continue; /* ".", ".." and this thread */
    threads++;
    blocking += blocks_signals(id);
  }
  closedir(tasks);
  CHECK(threads >= 1);
  CHECK_INT(blocking, threads);
  rig_close(&rig);
}

CHECK_MAIN("virtual")
