/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections: shared, lost, refused, slow, and the threads behind them.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "fakebroker.h"
#include "process.h"
#include "rig.h"

TEST(devices_share_a_connection_by_address_and_user) {
  real_broker broker;
  rig rig = {0};
  fake_device second, third;
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  REQUIRE(rig_open(&rig, broker.url, ""));
  CHECK(rig_add(&rig, &second, &rig.points, broker.url, ""));
  CHECK_INT(real_broker_logged(&broker, "as selvedge-"), 1);
  CHECK(rig_add(&rig, &third, &rig.points, broker.url, "username: other, clientID: press-7"));
  CHECK_INT(real_broker_logged(&broker, "as selvedge-"), 1);
  CHECK_INT(real_broker_logged(&broker, "as press-7 "), 1);
  fake_device_free(&third);
  fake_device_free(&second);
  /* The others going does not harm the first. */
  CHECK(publish(&broker, "a", "1", false));
  CHECK(rig_wait_status(&rig, 0, MAPPER_OK, 60000));
  rig_close(&rig);
  CHECK(real_broker_wait_log(&broker, "Received DISCONNECT from selvedge-", 60000));
  real_broker_free(&broker);
}

TEST(a_topic_is_given_up_when_nobody_waits_on_it) {
  real_broker broker;
  rig rig = {0};
  fake_device second;
  fake_points more = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a");
  fake_points_add(&more, "a", MAPPER_TYPE_I64, "topic: a");
  fake_points_add(&more, "b", MAPPER_TYPE_I64, "topic: b");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  REQUIRE(rig_open(&rig, broker.url, ""));
  CHECK(rig_add(&rig, &second, &more, broker.url, ""));
  fake_device_free(&second);
  CHECK(real_broker_wait_log(&broker, "Received UNSUBSCRIBE", 60000));
  CHECK(publish(&broker, "a", "1", false));
  CHECK(rig_wait_status(&rig, 0, MAPPER_OK, 60000));
  rig_close(&rig);
  fake_points_free(&more);
  real_broker_free(&broker);
}

/* When a further device subscribes to a topic, the broker sends the retained message again to all
 * that share the connection. */
TEST(a_retained_message_does_not_come_twice) {
  real_broker broker;
  rig rig = {0};
  fake_device second;
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a");
  fake_points_add(&rig.points, "b", MAPPER_TYPE_I64, "topic: b");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  CHECK(publish(&broker, "a", "1", true));
  CHECK(publish(&broker, "b", "1", true));
  REQUIRE(rig_open(&rig, broker.url, ""));
  CHECK_INT(rig_subscribe(&rig, 0), MAPPER_OK);
  CHECK(fake_host_wait_reports(rig.host, 2, 60000));
  CHECK(publish(&broker, "a", "2", false)); /* newer than what is retained */
  CHECK(fake_host_wait_reports(rig.host, 3, 60000));
  CHECK(rig_add(&rig, &second, &rig.points, broker.url, ""));
  for (int i = 0; i < 6000; i++, usleep(10000)) {
    CHECK_INT(fake_device_read_all(&second, 20000), MAPPER_OK);
    if (second.samples[0].status == MAPPER_OK && second.samples[1].status == MAPPER_OK) break;
  }
  CHECK_INT(second.samples[0].value.i64, 1); /* all that the broker can tell it */
  CHECK_INT(second.samples[1].value.i64, 1);
  CHECK_INT(fake_host_report_count(rig.host), 3);
  CHECK_INT(rig_read(&rig, 0).value.i64, 2);
  fake_device_free(&second);
  rig_close(&rig);
  real_broker_free(&broker);
}

TEST(a_lost_broker_is_told_and_found_again) {
  real_broker broker;
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a, setTopic: b");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  REQUIRE(rig_open(&rig, broker.url, ""));
  CHECK_INT(rig_subscribe(&rig, 0), MAPPER_OK);
  CHECK(publish(&broker, "a", "1", false));
  CHECK(fake_host_wait_reports(rig.host, 1, 60000));
  real_broker_stop(&broker);
  CHECK(fake_host_wait_link(rig.host, rig.device.token, MAPPER_LINK_DOWN, 60000));
  CHECK(strncmp(fake_host_link_text(rig.host, rig.device.token), "lost broker 127.0.0.1:", 22) ==
        0);
  CHECK_INT(fake_device_read_all(&rig.device, 20000), MAPPER_UNAVAILABLE);
  CHECK(strncmp(fake_call_text(rig.device.call), "lost broker 127.0.0.1:", 22) == 0);
  CHECK_INT(rig_write(&rig, 0, mapper_int(MAPPER_TYPE_I64, 1), 1000), MAPPER_UNAVAILABLE);

  REQUIRE(real_broker_again(&broker));
  CHECK(fake_host_wait_link(rig.host, rig.device.token, MAPPER_LINK_UP, 60000));
  CHECK_TEXT(fake_host_link_text(rig.host, rig.device.token), "");
  CHECK(publish(&broker, "a", "2", false)); /* it has subscribed again before it said so */
  CHECK(fake_host_wait_reports(rig.host, 2, 60000));
  CHECK_INT(fake_host_report(rig.host, 1).value.i64, 2);
  CHECK_INT(rig_read(&rig, 0).quality, MAPPER_GOOD);
  CHECK_INT(rig_write(&rig, 0, mapper_int(MAPPER_TYPE_I64, 1), 20000), MAPPER_OK);
  rig_close(&rig);
  real_broker_free(&broker);
}

TEST(attempts_grow_apart) {
  fake_broker broker = {0};
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a");
  fake_broker_start(&broker);
  REQUIRE(rig_open(&rig, broker.url, ""));
  atomic_store(&broker.connack, 3); /* server unavailable */
  fake_broker_drop(&broker);
  CHECK(fake_host_wait_link(rig.host, rig.device.token, MAPPER_LINK_DOWN, 60000));
  /* After half a second and, since up to a fifth is taken off, 0.8 to 1 s more; then 1.6 to 2 s. A
   * slow machine makes them longer. */
  for (double end = now_ms() + 60000; atomic_load(&broker.connects) < 4 && now_ms() < end;)
    usleep(2000);
  REQUIRE(atomic_load(&broker.connects) >= 4);
  CHECK(broker.connected_ms[1] - broker.connected_ms[0] >= 390);
  CHECK(broker.connected_ms[2] - broker.connected_ms[1] >= 790);
  CHECK(broker.connected_ms[3] - broker.connected_ms[2] >= 1590);
  atomic_store(&broker.connack, 0);
  CHECK(fake_host_wait_link(rig.host, rig.device.token, MAPPER_LINK_UP, 60000));
  rig_close(&rig);
  fake_broker_stop(&broker);
}

TEST(open_tells_at_once_that_there_is_no_broker) {
  real_broker broker = {.port = free_port()};
  char url[64], text[128];
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a");
  snprintf(url, sizeof url, "tcp://127.0.0.1:%d", broker.port);
  snprintf(text, sizeof text, "no connection to broker 127.0.0.1:%d: Connection refused",
           broker.port);
  CHECK_INT(rig_bind(&rig, url, ""), MAPPER_OK);
  for (int i = 0; i < 3; i++) {
    double start = now_ms();
    CHECK_INT(fake_device_open(&rig.device, 60000), MAPPER_UNAVAILABLE);
    CHECK(now_ms() - start < 20000); /* not at its deadline */
    CHECK_TEXT(fake_call_text(rig.device.call), text);
  }
  rig_close(&rig);
}

TEST(open_finds_a_broker_that_comes_later) {
  real_broker broker;
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  real_broker_stop(&broker);
  CHECK_INT(rig_bind(&rig, broker.url, ""), MAPPER_OK);
  CHECK_INT(fake_device_open(&rig.device, 20000), MAPPER_UNAVAILABLE);
  REQUIRE(real_broker_again(&broker));
  CHECK_INT(fake_device_open(&rig.device, 20000), MAPPER_OK);
  CHECK(publish(&broker, "a", "1", false));
  CHECK(rig_wait_status(&rig, 0, MAPPER_OK, 60000));
  rig_close(&rig);
  real_broker_free(&broker);
}

TEST(all_addresses_of_a_name_are_tried) {
  real_broker broker;
  char url[64];
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a");
  REQUIRE(real_broker_start(&broker, NULL, NULL)); /* on 127.0.0.1, not on ::1 */
  snprintf(url, sizeof url, "tcp://localhost:%d", broker.port);
  CHECK(rig_open(&rig, url, ""));
  rig_close(&rig);
  real_broker_free(&broker);
}

TEST(a_name_that_is_not_known_is_told) {
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a");
  CHECK_INT(rig_bind(&rig, "tcp://no-such-host.invalid", ""), MAPPER_OK);
  CHECK_INT(fake_device_open(&rig.device, 20000), MAPPER_UNAVAILABLE);
  CHECK(strncmp(fake_call_text(rig.device.call),
                "no connection to broker no-such-host.invalid:1883: ", 51) == 0);
  rig_close(&rig);
}

TEST(credentials_decide) {
  real_broker broker;
  char text[160];
  rig rig = {0};
  fake_device good;
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a");
  REQUIRE(real_broker_start(&broker, "press", "s3cret"));
  CHECK_INT(rig_bind(&rig, broker.url, "username: press, password: wrong"), MAPPER_OK);
  CHECK_INT(fake_device_open(&rig.device, 20000), MAPPER_DENIED);
  snprintf(text, sizeof text,
           "no connection to broker 127.0.0.1:%d: Connection Refused: not authorised.",
           broker.port);
  CHECK_TEXT(fake_call_text(rig.device.call), text);
  CHECK(rig_add(&rig, &good, &rig.points, broker.url, "username: press, password: s3cret"));
  CHECK_INT(fake_host_logged(rig.host, "s3cret"), 0);
  fake_device_free(&good);
  rig_close(&rig);
  real_broker_free(&broker);
}

TEST(open_honours_deadline_and_cancellation) {
  fake_broker broker = {.connack = -1};
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a");
  fake_broker_start(&broker);
  CHECK_INT(rig_bind(&rig, broker.url, ""), MAPPER_OK);
  double start = now_ms();
  CHECK_INT(fake_device_open(&rig.device, 1000), MAPPER_TIMEOUT);
  CHECK(now_ms() - start >= 999 && now_ms() - start < 20000);
  CHECK(strstr(fake_call_text(rig.device.call), "has not accepted the connection in time") != NULL);

  fake_call_again(rig.device.call, 60000);
  fake_call_cancel_after(rig.device.call, 50);
  CHECK_INT(rig.device.driver->open(rig.device.device, rig.device.call), MAPPER_CANCELLED);
  CHECK(fake_call_since_cancel(rig.device.call) < 20000);

  /* Nobody waits any more, so the connection is left. */
  for (int i = 0; i < 6000 && atomic_load(&broker.client) >= 0; i++) usleep(10000);
  CHECK(atomic_load(&broker.client) < 0);
  atomic_store(&broker.connack, 0);
  atomic_store(&broker.suback, -1);
  CHECK_INT(fake_device_open(&rig.device, 5000), MAPPER_TIMEOUT);
  CHECK(strstr(fake_call_text(rig.device.call), "has not acknowledged the subscriptions in time") !=
        NULL);
  rig_close(&rig);
  fake_broker_stop(&broker);
}

TEST(refused_topics_are_told_one_by_one) {
  fake_broker broker = {.suback = 1};
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a");
  fake_points_add(&rig.points, "b", MAPPER_TYPE_I64, "topic: b");
  fake_broker_start(&broker);
  atomic_store(&broker.suback_odd, 128);
  REQUIRE(rig_open(&rig, broker.url, ""));
  CHECK_INT(rig_subscribe(&rig, 0), MAPPER_OK);
  CHECK_INT(rig.device.results[0] + rig.device.results[1], MAPPER_DENIED); /* one of them */
  uint32_t refused = rig.device.results[0] == MAPPER_DENIED ? 0 : 1;
  char text[128];
  snprintf(text, sizeof text, "broker %s refused the topic %s", broker.url + 6,
           refused == 0 ? "a" : "b");
  CHECK_INT(rig_read(&rig, refused).status, MAPPER_DENIED);
  CHECK_TEXT(fake_call_item(rig.device.call, 0), text);
  CHECK_INT(rig_read(&rig, 1 - refused).status, MAPPER_UNAVAILABLE);

  rig.device.driver->close(rig.device.device);
  rig.device.is_open = false;
  atomic_store(&broker.suback, 128);
  CHECK_INT(fake_device_open(&rig.device, 20000), MAPPER_DENIED);
  snprintf(text, sizeof text, "broker %s refused all topics of the device", broker.url + 6);
  CHECK_TEXT(fake_call_text(rig.device.call), text);
  rig_close(&rig);
  fake_broker_stop(&broker);
}

/* ---- many at once ------------------------------------------------------------------------- */

typedef struct worker {
  rig *rig;
  const real_broker *broker;
  int number;
  pthread_t thread;
} worker;

/* Opens, reads, writes, subscribes and closes a device of its own, again and again. */
static void *work(void *argument) {
  worker *self = argument;
  fake_points points = {0};
  fake_device device;
  char settings[96], prefix[32];
  snprintf(prefix, sizeof prefix, "topicPrefix: w%d", self->number);
  for (int i = 0; i < 5; i++) {
    snprintf(settings, sizeof settings, "topic: own/%d, setTopic: own/%d", i, i);
    fake_points_add(&points, "own", MAPPER_TYPE_I64, settings);
    fake_points_add(&points, "shared", MAPPER_TYPE_TEXT, "topic: $shared/news");
  }
  for (int round = 0; round < 5; round++) {
    if (!CHECK(rig_add(self->rig, &device, &points, self->broker->url, prefix))) break;
    const mapper_subscribe *subscribe = device.driver->query(MAPPER_EXT_SUBSCRIBE);
    fake_call_again(device.call, 60000);
    CHECK_INT(subscribe->start(device.device, device.call, 1, device.ids, device.count, 0,
                               device.results),
              MAPPER_OK);
    for (int i = 0; i < 5; i++) {
      mapper_write write = {.point = (uint32_t)(2 * i)};
      write.value = mapper_int(MAPPER_TYPE_I64, i);
      CHECK_INT(fake_device_write(&device, &write, 1, 20000), MAPPER_OK);
      CHECK_INT(fake_device_read_all(&device, 20000), MAPPER_OK);
    }
    subscribe->stop(device.device, 1);
    fake_device_free(&device);
  }
  fake_points_free(&points);
  return NULL;
}

/* Makes and frees devices of brokers that come and go. */
static void *make(void *argument) {
  worker *self = argument;
  const mapper_driver *driver = fake_host_driver(self->rig->host, "mqtt");
  mapper_call *call = fake_call_new(60000);
  for (int round = 0; round < 200; round++) {
    char text[96];
    snprintf(text, sizeof text, "broker: \"%s\", clientID: c%d", self->broker->url, round % 3);
    mapper_settings settings = fake_settings(text);
    mapper_device *device = NULL;
    CHECK_INT(driver->create(self->rig->host, 0, &settings, call, &device), MAPPER_OK);
    fake_settings_free(&settings);
    if (!device) break;
    mapper_point none = {.name = ""};
    mapper_status result;
    CHECK_INT(driver->bind(device, call, &none, 0, &result), MAPPER_OK);
    if (round % 8 == self->number && driver->open(device, call) == MAPPER_OK) driver->close(device);
    driver->destroy(device);
  }
  fake_call_free(call);
  return NULL;
}

TEST(brokers_come_and_go_in_many_lanes) {
  enum { COUNT = 4 };
  real_broker broker;
  rig rig = {0};
  worker workers[COUNT];
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  CHECK_INT(rig_bind(&rig, broker.url, ""), MAPPER_OK);
  for (int i = 0; i < COUNT; i++) {
    workers[i] = (worker){.rig = &rig, .broker = &broker, .number = i};
    pthread_create(&workers[i].thread, NULL, make, &workers[i]);
  }
  for (int i = 0; i < COUNT; i++) pthread_join(workers[i].thread, NULL);
  rig_close(&rig);
  real_broker_free(&broker);
}

TEST(many_lanes_share_a_broker) {
  enum { COUNT = 8 };
  real_broker broker;
  rig rig = {0};
  worker workers[COUNT];
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  REQUIRE(rig_open(&rig, broker.url, ""));
  for (int i = 0; i < COUNT; i++) {
    workers[i] = (worker){.rig = &rig, .broker = &broker, .number = i};
    pthread_create(&workers[i].thread, NULL, work, &workers[i]);
  }
  for (int i = 0; i < 20; i++) CHECK(publish(&broker, "$shared/news", "x", true));
  for (int i = 0; i < COUNT; i++) pthread_join(workers[i].thread, NULL);
  CHECK_INT(real_broker_logged(&broker, "as selvedge-"), 1);
  rig_close(&rig);
  real_broker_free(&broker);
}

/* ---- the process -------------------------------------------------------------------------- */

TEST(signals_are_left_alone) {
  real_broker broker;
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a");
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  signal(SIGPIPE, SIG_DFL);
  REQUIRE(rig_open(&rig, broker.url, ""));
  struct sigaction action;
  sigaction(SIGPIPE, NULL, &action);
  CHECK(action.sa_handler == SIG_DFL);
  int blocking, threads = other_threads(&blocking);
  CHECK(threads >= 1);
  CHECK_INT(blocking, threads);
  rig_close(&rig);
  real_broker_free(&broker);
}
