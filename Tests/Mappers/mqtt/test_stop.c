/* SPDX-License-Identifier: Apache-2.0
 *
 * The end of a subscription, against a host whose report takes its time.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <unistd.h>

#include "fakecall.h"
#include "rig.h"

static atomic_int reports_begun, reports_ended;

static void ignore_log(mapper_host *host, int32_t level, const char *text, size_t size) {
  (void)host, (void)level, (void)text, (void)size;
}

static mapper_status slow_report(mapper_host *host, uint64_t subscription,
                                 const mapper_sample *samples, uint32_t count) {
  (void)host, (void)subscription, (void)samples, (void)count;
  atomic_fetch_add(&reports_begun, 1);
  usleep(200000);
  atomic_fetch_add(&reports_ended, 1);
  return MAPPER_OK;
}

static void ignore_link(mapper_host *host, uint64_t token, int32_t state, mapper_status why,
                        const char *text, size_t size) {
  (void)host, (void)token, (void)state, (void)why, (void)text, (void)size;
}

static const mapper_host_api slow_api = {
    .size = sizeof slow_api,
    .log = ignore_log,
    .report = slow_report,
    .link = ignore_link,
    .cancelled = fake_call_cancelled,
    .cancel_fd = fake_call_cancel_fd,
    .deadline_ns = fake_call_deadline_ns,
    .alloc = fake_call_alloc,
    .fail = fake_call_fail,
    .fail_item = fake_call_fail_item,
};

TEST(stop_waits_for_a_report_under_way) {
  real_broker broker;
  fake_points points = {0};
  fake_device device;
  char settings[96];
  void *library = dlopen(MAPPER_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  REQUIRE(library);
  const mapper_entry_v1 *entry = dlsym(library, MAPPER_ENTRY_SYMBOL);
  REQUIRE(entry);
  mapper_host *host = (mapper_host *)&points; /* never looked into */
  CHECK_INT(entry->load(host, &slow_api), MAPPER_OK);
  REQUIRE(real_broker_start(&broker, NULL, NULL));
  snprintf(settings, sizeof settings, "broker: \"%s\"", broker.url);
  fake_points_add(&points, "a", MAPPER_TYPE_I64, "topic: a");
  REQUIRE(fake_device_bind(&device, host, entry->driver(0), settings, &points) == MAPPER_OK);
  REQUIRE(fake_device_open(&device, 20000) == MAPPER_OK);
  const mapper_subscribe *subscribe = device.driver->query(MAPPER_EXT_SUBSCRIBE);
  for (int round = 1; round <= 2; round++) {
    fake_call_again(device.call, 60000);
    CHECK_INT(subscribe->start(device.device, device.call, 5, device.ids, 1, 0, device.results),
              MAPPER_OK);
    CHECK(publish(&broker, "a", "1", false));
    CHECK(publish(&broker, "a", "2", false)); /* is due as soon as the first report is through */
    while (atomic_load(&reports_begun) < 1) usleep(1000);
    if (round == 1)
      subscribe->stop(device.device, 5);
    else
      device.driver->close(device.device); /* a host that forgets stop */
    CHECK_INT(atomic_load(&reports_begun), atomic_load(&reports_ended));
    int begun = atomic_load(&reports_begun);
    usleep(300000);
    CHECK_INT(atomic_load(&reports_begun), begun);
    atomic_store(&reports_begun, 0);
    atomic_store(&reports_ended, 0);
  }
  /* Nothing of the old points is kept: others take their place. */
  fake_call_again(device.call, 60000);
  CHECK_INT(device.driver->bind(device.device, device.call, points.items, 1, device.results),
            MAPPER_OK);
  CHECK_INT(fake_device_open(&device, 20000), MAPPER_OK);
  fake_device_free(&device);
  entry->unload();
  fake_points_free(&points);
  real_broker_free(&broker);
}

CHECK_MAIN("mqtt")
