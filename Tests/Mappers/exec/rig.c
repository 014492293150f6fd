/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "rig.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 60000

mapper_status rig_bind(rig *rig, const char *command, const char *settings) {
  rig->host = fake_host_load(MAPPER_LIBRARY);
  if (!rig->host) abort();
  mapper_settings all = fake_settings(settings);
  /* An interpreter takes its time to start on a busy machine, and to end. */
  if (!mapper_find(&all, "startTimeoutMs"))
    fake_settings_put(&all, "startTimeoutMs", mapper_int(MAPPER_TYPE_I64, 60000));
  fake_settings_put(&all, "command",
                    mapper_data(MAPPER_TYPE_TEXT, command, (uint32_t)strlen(command)));
  mapper_status status = fake_device_bind_settings(
      &rig->device, rig->host, fake_host_driver(rig->host, "exec"), &all, &rig->points);
  fake_settings_free(&all);
  return status;
}

mapper_status rig_open(rig *rig, const char *command, const char *settings) {
  mapper_status status = rig_bind(rig, command, settings);
  return status == MAPPER_OK ? fake_device_open(&rig->device, 60000) : status;
}

void rig_close(rig *rig) {
  fake_device_free(&rig->device);
  CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
  fake_host_unload(rig->host);
  fake_points_free(&rig->points);
}

mapper_status rig_subscribe(rig *rig) {
  const mapper_subscribe *subscribe = rig->device.driver->query(MAPPER_EXT_SUBSCRIBE);
  fake_call_again(rig->device.call, 60000);
  return subscribe->start(rig->device.device, rig->device.call, 7, rig->device.ids,
                          rig->device.count, 0, rig->device.results);
}

typedef struct sought {
  rig *rig;
  uint32_t id;
  double number;
} sought;

static bool is_reported(void *context) {
  const sought *sought = context;
  uint32_t count = fake_host_report_count(sought->rig->host);
  for (uint32_t i = 0; i < count; i++) {
    mapper_sample sample = fake_host_report(sought->rig->host, i);
    if (sample.point != sought->id || sample.status != MAPPER_OK) continue;
    double number =
        sample.value.type == MAPPER_TYPE_F64 ? sample.value.f64 : (double)sample.value.i64;
    if (number == sought->number) return true;
  }
  return false;
}

bool rig_reports(rig *rig, uint32_t id, double number) {
  sought sought = {rig, id, number};
  return eventually(is_reported, &sought);
}

mapper_status rig_read(rig *rig, uint32_t id) {
  mapper_status status = fake_device_read(&rig->device, &id, 1, 60000);
  return status == MAPPER_OK ? rig->device.samples[0].status : status;
}

mapper_status rig_write(rig *rig, uint32_t id, mapper_value value) {
  mapper_write write = {.point = id, .value = value};
  mapper_status status = fake_device_write(&rig->device, &write, 1, 60000);
  return status == MAPPER_OK ? rig->device.results[0] : status;
}

const char *rig_why(rig *rig) {
  const char *text = fake_call_text(rig->device.call);
  return text[0] ? text : fake_call_item(rig->device.call, 0);
}

static bool is_not_alive(void *context) {
  char path[48], state = 'Z';
  snprintf(path, sizeof path, "/proc/%ld/stat", *(long *)context);
  FILE *file = fopen(path, "r");
  if (!file) return true;
  if (fscanf(file, "%*d %*[^)]) %c", &state) != 1) state = 'Z';
  fclose(file);
  return state == 'Z' || state == 'X';
}

bool is_gone(long pid) { return pid > 1 && eventually(is_not_alive, &pid); }

bool eventually(bool (*holds)(void *), void *context) {
  for (double end = now_ms() + PATIENCE_MS; now_ms() < end;) {
    if (holds(context)) return true;
    usleep(5000);
  }
  return holds(context);
}
