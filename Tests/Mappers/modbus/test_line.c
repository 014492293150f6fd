/* SPDX-License-Identifier: Apache-2.0
 *
 * The connection: sharing, time limits, cancellation, faults of the other side.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"

/* A slave with value 4711 in holding register 0, and devices with that one point. */
typedef struct stage {
  slave *slave;
  fake_points points;
} stage;

static stage set_up(void) {
  stage stage = {slave_start(), {NULL, 0}};
  fake_points_add(&stage.points, "value", MAPPER_TYPE_I64, "register: HoldingRegister, offset: 0");
  slave_set(stage.slave, SPACE_HOLDING_REGISTER, 0, 4711);
  return stage;
}

static void clear(stage *stage) {
  slave_stop(stage->slave);
  fake_points_free(&stage->points);
}

static bool reads_well(fake_device *device) {
  mapper_sample sample = read_one(device, 0);
  if (sample.status != MAPPER_OK) CHECK_TEXT(fake_call_text(device->call), "");
  return CHECK_INT(sample.status, MAPPER_OK) && CHECK_INT(sample.value.u64, 4711);
}

TEST(devices_on_one_line_share_a_connection) {
  stage stage = set_up();
  fake_device one, two;
  REQUIRE(start_device(&one, slave_settings(stage.slave, 1, ""), &stage.points));
  REQUIRE(start_device(&two, slave_settings(stage.slave, 2, ""), &stage.points));
  reads_well(&one);
  reads_well(&two);
  CHECK_INT(slave_accepted(stage.slave), 1);
  CHECK_INT(slave_request_at(stage.slave, 0).unit, 1);
  CHECK_INT(slave_request_at(stage.slave, 1).unit, 2);
  /* The connection ends with the last device that is open. */
  fake_device_free(&one);
  reads_well(&two);
  CHECK_INT(slave_connected(stage.slave), 1);
  fake_device_free(&two);
  double start = now_ms();
  while (slave_connected(stage.slave) && now_ms() - start < 60000) usleep(1000);
  CHECK_INT(slave_connected(stage.slave), 0);
  clear(&stage);
}

typedef struct lane_work {
  char settings[96];
  const fake_points *points;
  int good; /* rounds */
} lane_work;

enum { LANES = 4, ROUNDS = 25 };

/* What a host's lane thread does, over and over. */
static void *work(void *argument) {
  lane_work *work = argument;
  for (int i = 0; i < ROUNDS; i++) {
    fake_device device;
    uint32_t id = 0;
    if (fake_device_bind(&device, the_host(), the_driver(), work->settings, work->points) ==
            MAPPER_OK &&
        fake_device_open(&device, 20000) == MAPPER_OK &&
        fake_device_read(&device, &id, 1, 20000) == MAPPER_OK &&
        device.samples[0].value.u64 == 4711)
      work->good++;
    fake_device_free(&device);
  }
  return NULL;
}

TEST(lines_come_and_go_beside_each_other) {
  the_host();
  stage stages[LANES];
  lane_work works[LANES];
  pthread_t threads[LANES];
  for (int i = 0; i < LANES; i++) {
    stages[i] = set_up();
    works[i] = (lane_work){.points = &stages[i].points};
    snprintf(works[i].settings, sizeof works[i].settings, "%s",
             slave_settings(stages[i].slave, 1, ""));
  }
  for (int i = 0; i < LANES; i++) REQUIRE(pthread_create(&threads[i], NULL, work, &works[i]) == 0);
  for (int i = 0; i < LANES; i++) {
    pthread_join(threads[i], NULL);
    CHECK_INT(works[i].good, ROUNDS);
    clear(&stages[i]);
  }
}

TEST(a_port_where_nobody_listens_is_unavailable) {
  stage stage = set_up();
  fake_device device;
  /* A port that was free a moment ago: bound, but not listened on. */
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  CHECK(bind(fd, (struct sockaddr *)&address, size) == 0);
  CHECK(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
  char settings[80], text[96];
  snprintf(settings, sizeof settings, "ip: 127.0.0.1, slaveID: 1, port: %d",
           ntohs(address.sin_port));
  CHECK_INT(fake_device_bind(&device, the_host(), the_driver(), settings, &stage.points),
            MAPPER_OK);
  CHECK_INT(fake_device_open(&device, 20000), MAPPER_UNAVAILABLE);
  snprintf(text, sizeof text, "127.0.0.1:%d: connecting: Connection refused",
           ntohs(address.sin_port));
  CHECK_TEXT(fake_call_text(device.call), text);
  close(fd);
  fake_device_free(&device);
  clear(&stage);
}

/* A listener whose queue is full: connections to it hang. */
typedef struct full_port {
  int listener, filler[8], port;
} full_port;

static full_port fill_port(void) {
  full_port full = {.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  CHECK(bind(full.listener, (struct sockaddr *)&address, size) == 0);
  CHECK(listen(full.listener, 0) == 0);
  CHECK(getsockname(full.listener, (struct sockaddr *)&address, &size) == 0);
  full.port = ntohs(address.sin_port);
  for (int i = 0; i < 8; i++) {
    full.filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    (void)!connect(full.filler[i], (struct sockaddr *)&address, size);
  }
  usleep(20000);
  return full;
}

static void free_port(full_port *full) {
  for (int i = 0; i < 8; i++) close(full->filler[i]);
  close(full->listener);
}

TEST(connecting_keeps_to_the_deadline_and_can_be_cancelled) {
  stage stage = set_up();
  full_port full = fill_port();
  char settings[80];
  snprintf(settings, sizeof settings, "ip: 127.0.0.1, slaveID: 1, port: %d", full.port);
  fake_device device;
  CHECK_INT(fake_device_bind(&device, the_host(), the_driver(), settings, &stage.points),
            MAPPER_OK);
  double start = now_ms();
  CHECK_INT(fake_device_open(&device, 200), MAPPER_UNAVAILABLE);
  double took = now_ms() - start;
  CHECK(took >= 190 && took < 20000);

  fake_call_again(device.call, 60000);
  fake_call_cancel_after(device.call, 100);
  CHECK_INT(device.driver->open(device.device, device.call), MAPPER_CANCELLED);
  CHECK(fake_call_since_cancel(device.call) < 20000);
  fake_device_free(&device);
  free_port(&full);
  clear(&stage);
}

TEST(a_silent_unit_times_out_at_the_deadline_or_its_own_limit) {
  stage stage = set_up();
  slave_kill_unit(stage.slave, 7);
  fake_device device, hasty;
  REQUIRE(start_device(&device, slave_settings(stage.slave, 7, ""), &stage.points));
  double start = now_ms();
  CHECK_INT(fake_device_read_all(&device, 150), MAPPER_TIMEOUT);
  double took = now_ms() - start;
  CHECK(took >= 140 && took < 20000);
  CHECK(strstr(fake_call_text(device.call), "unit 7 did not answer within 1") != NULL);

  REQUIRE(start_device(&hasty, slave_settings(stage.slave, 7, "timeoutMs: 60"), &stage.points));
  start = now_ms();
  CHECK_INT(fake_device_read_all(&hasty, 60000), MAPPER_TIMEOUT);
  took = now_ms() - start;
  CHECK(took >= 55 && took < 20000);
  CHECK_TEXT(fake_call_text(hasty.call), "unit 7 did not answer within 60 ms");
  fake_device_free(&device);
  fake_device_free(&hasty);
  clear(&stage);
}

TEST(a_call_without_time_left_asks_nothing) {
  stage stage = set_up();
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(stage.slave, 7, ""), &stage.points));
  CHECK_INT(fake_device_read_all(&device, 0), MAPPER_TIMEOUT);
  CHECK_TEXT(fake_call_text(device.call), "no time left to ask unit 7");
  CHECK_INT(slave_seen(stage.slave), 0);
  fake_device_free(&device);
  clear(&stage);
}

TEST(a_request_that_is_cancelled_does_not_wait_for_its_deadline) {
  stage stage = set_up();
  slave_kill_unit(stage.slave, 7);
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(stage.slave, 7, ""), &stage.points));
  device.samples[0] = (mapper_sample){.status = MAPPER_NOT_FILLED};
  fake_call_again(device.call, 60000);
  fake_call_cancel_after(device.call, 100);
  CHECK_INT(device.driver->read(device.device, device.call, device.ids, 1, device.samples),
            MAPPER_CANCELLED);
  CHECK(fake_call_since_cancel(device.call) < 20000);
  slave_kill_unit(stage.slave, -1);
  reads_well(&device);
  CHECK_INT(slave_accepted(stage.slave), 1);
  fake_device_free(&device);
  clear(&stage);
}

TEST(a_dead_unit_costs_its_neighbour_no_connection) {
  stage stage = set_up();
  slave_kill_unit(stage.slave, 9);
  fake_device live, dead;
  REQUIRE(start_device(&live, slave_settings(stage.slave, 1, ""), &stage.points));
  REQUIRE(start_device(&dead, slave_settings(stage.slave, 9, "timeoutMs: 30"), &stage.points));
  for (int i = 0; i < 8; i++) {
    CHECK_INT(fake_device_read_all(&dead, 20000), MAPPER_TIMEOUT);
    reads_well(&live);
  }
  CHECK_INT(slave_accepted(stage.slave), 1);
  fake_device_free(&live);
  fake_device_free(&dead);
  clear(&stage);
}

TEST(a_line_silent_three_times_is_connected_anew) {
  stage stage = set_up();
  slave_kill_unit(stage.slave, 9);
  fake_device live, dead;
  REQUIRE(start_device(&live, slave_settings(stage.slave, 1, ""), &stage.points));
  REQUIRE(start_device(&dead, slave_settings(stage.slave, 9, "timeoutMs: 20"), &stage.points));
  for (int i = 0; i < 3; i++) CHECK_INT(fake_device_read_all(&dead, 20000), MAPPER_TIMEOUT);
  /* The neighbour loses nothing: its next read connects. */
  reads_well(&live);
  CHECK_INT(slave_accepted(stage.slave), 2);
  fake_device_free(&live);
  fake_device_free(&dead);
  clear(&stage);
}

TEST(a_late_answer_is_not_taken_for_the_next_one) {
  stage stage = set_up();
  fake_points_add(&stage.points, "other", MAPPER_TYPE_I64, "register: HoldingRegister, offset: 50");
  slave_set(stage.slave, SPACE_HOLDING_REGISTER, 50, 99);
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(stage.slave, 1, "timeoutMs: 1000"), &stage.points));
  for (int i = 0; i < 3; i++) {
    slave_plant(stage.slave, FAULT_LATE, 0);
    CHECK_INT(read_one(&device, 1).status, MAPPER_INTERNAL);
    CHECK_TEXT(fake_call_text(device.call), "unit 1 did not answer within 1000 ms");
    reads_well(&device);
    CHECK_INT(read_one(&device, 1).value.u64, 99);
  }
  CHECK_INT(slave_accepted(stage.slave), 1);
  fake_device_free(&device);
  clear(&stage);
}

/* A fault that is told in the answer's content, not by the connection. */
static void is_protocol_error(slave_fault fault, const char *text) {
  stage stage = set_up();
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(stage.slave, 3, ""), &stage.points));
  slave_plant(stage.slave, fault, 0);
  CHECK_INT(fake_device_read_all(&device, 20000), MAPPER_PROTOCOL);
  CHECK_TEXT(fake_call_text(device.call), text);
  reads_well(&device);
  CHECK_INT(slave_accepted(stage.slave), 1);
  fake_device_free(&device);
  clear(&stage);
}

TEST(an_answer_that_does_not_fit_is_a_protocol_error_and_the_line_stays) {
  is_protocol_error(FAULT_BYTE_COUNT, "unit 3, function 3: wrong answer: byte count 4, expected 2");
  is_protocol_error(FAULT_SHORT, "unit 3, function 3: wrong answer: bytes of data 0, expected 2");
  is_protocol_error(FAULT_UNIT, "unit 3, function 3: wrong answer: unit 4, expected 3");
  is_protocol_error(FAULT_FUNCTION, "unit 3, function 3: wrong answer: function 4, expected 3");
}

/* A fault after which the connection is of no use. */
static void is_unavailable(slave_fault fault, const char *settings, const char *text) {
  stage stage = set_up();
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(stage.slave, 3, settings), &stage.points));
  slave_plant(stage.slave, fault, 0);
  CHECK_INT(fake_device_read_all(&device, 20000), MAPPER_UNAVAILABLE);
  char expected[160];
  snprintf(expected, sizeof expected, "127.0.0.1:%d: %s", slave_port(stage.slave), text);
  CHECK_TEXT(fake_call_text(device.call), expected);
  /* As a host does it. */
  device.driver->close(device.device);
  CHECK_INT(fake_device_open(&device, 20000), MAPPER_OK);
  reads_well(&device);
  CHECK_INT(slave_accepted(stage.slave), 2);
  fake_device_free(&device);
  clear(&stage);
}

TEST(a_lost_or_broken_connection_is_unavailable_and_comes_back) {
  is_unavailable(FAULT_CLOSE, "", "receiving: Connection reset by peer");
  is_unavailable(FAULT_CLOSE_IN_FRAME, "", "receiving: Connection reset by peer");
  is_unavailable(FAULT_STALL, "timeoutMs: 1000", "unit 3 stopped within an answer for 1000 ms");
  is_unavailable(FAULT_PROTOCOL, "",
                 "what came is no Modbus frame: protocol 18516; connection closed");
  is_unavailable(FAULT_LENGTH, "", "what came is no Modbus frame: length 0; connection closed");
}

TEST(an_answer_in_pieces_is_put_together) {
  stage stage = set_up();
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(stage.slave, 3, ""), &stage.points));
  for (int i = 0; i < 3; i++) {
    slave_plant(stage.slave, FAULT_PIECES, 0);
    reads_well(&device);
  }
  fake_device_free(&device);
  clear(&stage);
}

TEST(a_flood_of_other_answers_holds_no_call) {
  stage stage = set_up();
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(stage.slave, 3, ""), &stage.points));
  slave_plant(stage.slave, FAULT_FLOOD, 0);
  double start = now_ms();
  mapper_status status = fake_device_read_all(&device, 200);
  CHECK(status == MAPPER_TIMEOUT || status == MAPPER_UNAVAILABLE);
  CHECK(now_ms() - start < 20000);

  fake_call_again(device.call, 60000);
  fake_call_cancel_after(device.call, 100);
  slave_plant(stage.slave, FAULT_FLOOD, 0);
  CHECK_INT(device.driver->read(device.device, device.call, device.ids, 1, device.samples),
            MAPPER_CANCELLED);
  CHECK(fake_call_since_cancel(device.call) < 20000);
  fake_device_free(&device);
  clear(&stage);
}

TEST(a_connection_closed_while_idle_costs_no_read) {
  stage stage = set_up();
  fake_device device;
  REQUIRE(start_device(&device, slave_settings(stage.slave, 3, ""), &stage.points));
  reads_well(&device);
  slave_hang_up(stage.slave);
  usleep(1100000); /* longer than a line may be idle before it is looked at */
  reads_well(&device);
  CHECK_INT(slave_accepted(stage.slave), 2);
  fake_device_free(&device);
  clear(&stage);
}

TEST(an_open_that_failed_leaves_the_device_bound) {
  stage stage = set_up();
  int port = slave_port(stage.slave);
  char settings[80];
  snprintf(settings, sizeof settings, "ip: 127.0.0.1, slaveID: 1, port: %d", port);
  fake_device device;
  REQUIRE(start_device(&device, settings, &stage.points));
  reads_well(&device);
  slave_stop(stage.slave);
  CHECK_INT(fake_device_read_all(&device, 20000), MAPPER_UNAVAILABLE);
  device.driver->close(device.device);
  device.is_open = false;
  CHECK_INT(fake_device_open(&device, 20000), MAPPER_UNAVAILABLE);
  CHECK_INT(fake_device_open(&device, 20000), MAPPER_UNAVAILABLE);
  fake_device_free(&device);
  fake_points_free(&stage.points);
}
