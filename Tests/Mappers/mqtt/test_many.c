/* SPDX-License-Identifier: Apache-2.0
 *
 * A thousand devices that share one connection.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <unistd.h>

#include "rig.h"

enum { DEVICES = 1000, LIMIT = 120000 };

typedef struct fleet {
  rig rig; /* its points are those of every device */
  fake_device devices[DEVICES];
  int count;
} fleet;

/* 500 equal devices need one model: only the name differs. */
static bool start(fleet *fleet, const real_broker *broker) {
  fake_points *points = &fleet->rig.points;
  fake_points_add(points, "value", MAPPER_TYPE_I64, "topic: \"{name}/value\"");
  fake_points_add(points, "on", MAPPER_TYPE_BOOL, "topic: \"{name}/state\", path: on");
  fake_points_add(points, "any", MAPPER_TYPE_TEXT, "topic: \"{name}/log/+\"");
  fleet->rig.host = fake_host_load(MAPPER_LIBRARY);
  for (int i = 0; fleet->rig.host && i < DEVICES; i++) {
    char settings[128];
    snprintf(settings, sizeof settings,
             "name: d%d, topicPrefix: hall, availabilityTopic: \"{name}/lwt\"", i);
    fake_device *device = &fleet->devices[i];
    if (!rig_add(&fleet->rig, device, points, broker->url, settings)) return false;
    fleet->count++;
    const mapper_subscribe *subscribe = device->driver->query(MAPPER_EXT_SUBSCRIBE);
    fake_call_again(device->call, 60000);
    if (!CHECK_INT(subscribe->start(device->device, device->call, (uint64_t)i + 1, device->ids,
                                    device->count, 0, device->results),
                   MAPPER_OK))
      return false;
  }
  return fleet->count == DEVICES;
}

static void stop(fleet *fleet) {
  for (int i = 0; i < fleet->count; i++) fake_device_free(&fleet->devices[i]);
  rig_close(&fleet->rig);
  free(fleet);
}

static bool all_links(fleet *fleet, int32_t state) {
  for (int i = 0; i < DEVICES; i++)
    if (!fake_host_wait_link(fleet->rig.host, fleet->devices[i].token, state, LIMIT)) return false;
  return true;
}

TEST(a_thousand_devices_share_a_connection) {
  real_broker broker;
  fleet *fleet = calloc(1, sizeof *fleet);
  REQUIRE(fleet);
  real_broker_prepare(&broker);
  REQUIRE(real_broker_run(&broker, "max_queued_messages 0\n"));
  int blocking, threads = other_threads(&blocking);
  double begin = now_ms();
  bool has_started = start(fleet, &broker);
  CHECK(has_started);
  printf("  opened after %.0f ms\n", now_ms() - begin);
  CHECK_INT(real_broker_logged(&broker, "as selvedge-"), 1);
  CHECK_INT(other_threads(&blocking), threads + 1); /* and one thread */

  begin = now_ms();
  CHECK(publish_range(&broker, "hall/d%d/value", DEVICES, "7"));
  CHECK(publish_range(&broker, "hall/d%d/state", DEVICES, "{\"on\":true}"));
  CHECK(publish_range(&broker, "hall/d%d/log/x", DEVICES, "hello"));
  CHECK(fake_host_wait_reports(fleet->rig.host, 3 * DEVICES, LIMIT));
  printf("  3000 messages reported after %.0f ms\n", now_ms() - begin);
  for (int i = 0; i < DEVICES; i += 97) {
    fake_device *device = &fleet->devices[i];
    CHECK_INT(fake_device_read_all(device, 20000), MAPPER_OK);
    CHECK_INT(device->samples[0].value.i64, 7);
    CHECK_INT(device->samples[1].value.u64, 1);
    CHECK(is_text(device->samples[2].value, "hello"));
  }

  /* One is away, which is nobody else's concern. */
  CHECK(publish(&broker, "hall/d500/lwt", "offline", false));
  CHECK(fake_host_wait_link(fleet->rig.host, fleet->devices[500].token, MAPPER_LINK_DOWN, LIMIT));
  CHECK_INT(fake_device_read_all(&fleet->devices[499], 20000), MAPPER_OK);
  CHECK(publish(&broker, "hall/d500/lwt", "online", false));
  CHECK(fake_host_wait_link(fleet->rig.host, fleet->devices[500].token, MAPPER_LINK_UP, LIMIT));

  real_broker_stop(&broker);
  CHECK(all_links(fleet, MAPPER_LINK_DOWN));
  int before = real_broker_logged(&broker, "Received SUBSCRIBE");
  REQUIRE(real_broker_again(&broker));
  begin = now_ms();
  CHECK(all_links(fleet, MAPPER_LINK_UP));
  printf("  back after %.0f ms\n", now_ms() - begin);
  int packets = real_broker_logged(&broker, "Received SUBSCRIBE") - before;
  CHECK(packets >= 4 * DEVICES / 32 && packets < DEVICES); /* many topics in one */
  fake_host_clear_reports(fleet->rig.host);
  CHECK(publish_range(&broker, "hall/d%d/value", DEVICES, "8"));
  CHECK(fake_host_wait_reports(fleet->rig.host, DEVICES, LIMIT));
  stop(fleet);
  real_broker_free(&broker);
}
