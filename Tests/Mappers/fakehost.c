/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "fakehost.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fakecall.h"

typedef struct fake_link {
  uint64_t token;
  int32_t state;
  char *text;
  struct fake_link *next;
} fake_link;

struct mapper_host {
  const mapper_entry_v1 *entry;
  mapper_host_api api;
  pthread_mutex_t lock; /* guards all below */
  pthread_cond_t changed;
  char **lines;
  size_t line_count;
  mapper_sample *reports;
  uint32_t report_count;
  mapper_status report_answer;
  uint32_t refused; /* calls of report with this answer, if it is not MAPPER_OK */
  fake_link *links;
};

static void fake_log(mapper_host *host, int32_t level, const char *text, size_t size) {
  (void)level;
  pthread_mutex_lock(&host->lock);
  host->lines = realloc(host->lines, (host->line_count + 1) * sizeof *host->lines);
  if (!host->lines) abort();
  host->lines[host->line_count++] = fake_copy(text, size);
  pthread_mutex_unlock(&host->lock);
}

static mapper_status fake_report(mapper_host *host, uint64_t subscription,
                                 const mapper_sample *samples, uint32_t count) {
  (void)subscription;
  pthread_mutex_lock(&host->lock);
  mapper_status answer = host->report_answer;
  if (answer == MAPPER_OK && count) {
    uint32_t total = host->report_count + count;
    host->reports = realloc(host->reports, total * sizeof *host->reports);
    if (!host->reports) abort();
    for (uint32_t i = 0; i < count; i++) {
      mapper_sample *sample = &host->reports[host->report_count++];
      *sample = samples[i];
      if (sample->value.type == MAPPER_TYPE_TEXT || sample->value.type == MAPPER_TYPE_BYTES)
        sample->value.data = fake_copy(samples[i].value.data, samples[i].value.count);
    }
    pthread_cond_broadcast(&host->changed);
  } else if (answer != MAPPER_OK) {
    host->refused++;
    pthread_cond_broadcast(&host->changed);
  }
  pthread_mutex_unlock(&host->lock);
  return answer;
}

static void fake_link_changed(mapper_host *host, uint64_t token, int32_t state, mapper_status why,
                              const char *text, size_t size) {
  (void)why;
  pthread_mutex_lock(&host->lock);
  fake_link *link = host->links;
  while (link && link->token != token) link = link->next;
  if (!link) {
    link = calloc(1, sizeof *link);
    if (!link) abort();
    link->token = token;
    link->next = host->links;
    host->links = link;
  }
  free(link->text);
  link->text = fake_copy(text, text ? size : 0);
  link->state = state;
  pthread_cond_broadcast(&host->changed);
  pthread_mutex_unlock(&host->lock);
}

static const void *fake_query(mapper_host *host, const char *id) {
  (void)host;
  (void)id;
  return NULL;
}

mapper_host *fake_host_load(const char *path) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    fprintf(stderr, "%s\n", dlerror());
    return NULL;
  }
  const mapper_entry_v1 *entry = dlsym(library, MAPPER_ENTRY_SYMBOL);
  if (!entry || entry->abi_major != MAPPER_ABI_MAJOR || entry->size < sizeof *entry) {
    fprintf(stderr, "%s: no " MAPPER_ENTRY_SYMBOL " of ABI %d\n", path, MAPPER_ABI_MAJOR);
    return NULL;
  }
  mapper_host *host = calloc(1, sizeof *host);
  if (!host) abort();
  host->entry = entry;
  pthread_mutex_init(&host->lock, NULL);
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&host->changed, &monotonic);
  pthread_condattr_destroy(&monotonic);
  host->api = (mapper_host_api){
      .size = sizeof host->api,
      .abi_minor = MAPPER_ABI_MINOR,
      .log = fake_log,
      .report = fake_report,
      .link = fake_link_changed,
      .cancelled = fake_call_cancelled,
      .cancel_fd = fake_call_cancel_fd,
      .deadline_ns = fake_call_deadline_ns,
      .alloc = fake_call_alloc,
      .fail = fake_call_fail,
      .fail_item = fake_call_fail_item,
      .query = fake_query,
  };
  mapper_status status = entry->load(host, &host->api);
  if (status != MAPPER_OK) {
    fprintf(stderr, "%s: load answered %d\n", path, (int)status);
    fake_host_unload(host);
    return NULL;
  }
  return host;
}

const mapper_entry_v1 *fake_host_entry(mapper_host *host) { return host->entry; }

const mapper_driver *fake_host_driver(mapper_host *host, const char *id) {
  for (uint32_t i = 0;; i++) {
    const mapper_driver *driver = host->entry->driver(i);
    if (!driver || strcmp(driver->id, id) == 0) return driver;
  }
}

void fake_host_unload(mapper_host *host) {
  if (host->entry->unload) host->entry->unload();
  fake_host_clear_reports(host);
  free(host->reports);
  for (size_t i = 0; i < host->line_count; i++) free(host->lines[i]);
  free(host->lines);
  while (host->links) {
    fake_link *link = host->links;
    host->links = link->next;
    free(link->text);
    free(link);
  }
  pthread_cond_destroy(&host->changed);
  pthread_mutex_destroy(&host->lock);
  free(host);
}

int fake_host_logged(mapper_host *host, const char *text) {
  int count = 0;
  pthread_mutex_lock(&host->lock);
  for (size_t i = 0; i < host->line_count; i++) count += strstr(host->lines[i], text) != NULL;
  pthread_mutex_unlock(&host->lock);
  return count;
}

/* Waits for a change, with the lock held; false once `until_ns` has passed. */
static bool fake_wait(mapper_host *host, int64_t until_ns) {
  struct timespec until = {until_ns / 1000000000, until_ns % 1000000000};
  return pthread_cond_timedwait(&host->changed, &host->lock, &until) == 0;
}

bool fake_host_wait_reports(mapper_host *host, uint32_t count, int timeout_ms) {
  int64_t until = fake_now_ns() + (int64_t)timeout_ms * 1000000;
  pthread_mutex_lock(&host->lock);
  while (host->report_count < count && fake_wait(host, until)) {
  }
  bool enough = host->report_count >= count;
  pthread_mutex_unlock(&host->lock);
  return enough;
}

uint32_t fake_host_report_count(mapper_host *host) {
  pthread_mutex_lock(&host->lock);
  uint32_t count = host->report_count;
  pthread_mutex_unlock(&host->lock);
  return count;
}

mapper_sample fake_host_report(mapper_host *host, uint32_t index) {
  mapper_sample sample = {.status = MAPPER_NOT_FILLED};
  pthread_mutex_lock(&host->lock);
  if (index < host->report_count) sample = host->reports[index];
  pthread_mutex_unlock(&host->lock);
  return sample;
}

void fake_host_clear_reports(mapper_host *host) {
  pthread_mutex_lock(&host->lock);
  for (uint32_t i = 0; i < host->report_count; i++) {
    mapper_value *value = &host->reports[i].value;
    if (value->type == MAPPER_TYPE_TEXT || value->type == MAPPER_TYPE_BYTES)
      free((void *)(uintptr_t)value->data);
  }
  host->report_count = 0;
  pthread_mutex_unlock(&host->lock);
}

void fake_host_answer_reports(mapper_host *host, mapper_status status) {
  pthread_mutex_lock(&host->lock);
  host->report_answer = status;
  host->refused = 0;
  pthread_mutex_unlock(&host->lock);
}

bool fake_host_wait_refused(mapper_host *host, uint32_t count, int timeout_ms) {
  int64_t until = fake_now_ns() + (int64_t)timeout_ms * 1000000;
  pthread_mutex_lock(&host->lock);
  while (host->refused < count && fake_wait(host, until)) {
  }
  bool enough = host->refused >= count;
  pthread_mutex_unlock(&host->lock);
  return enough;
}

static fake_link *fake_find_link(mapper_host *host, uint64_t token) {
  fake_link *link = host->links;
  while (link && link->token != token) link = link->next;
  return link;
}

bool fake_host_wait_link(mapper_host *host, uint64_t token, int32_t state, int timeout_ms) {
  int64_t until = fake_now_ns() + (int64_t)timeout_ms * 1000000;
  pthread_mutex_lock(&host->lock);
  fake_link *link = fake_find_link(host, token);
  while ((!link || link->state != state) && fake_wait(host, until)) {
    link = fake_find_link(host, token);
  }
  bool reached = link && link->state == state;
  pthread_mutex_unlock(&host->lock);
  return reached;
}

const char *fake_host_link_text(mapper_host *host, uint64_t token) {
  pthread_mutex_lock(&host->lock);
  fake_link *link = fake_find_link(host, token);
  const char *text = link ? link->text : "";
  pthread_mutex_unlock(&host->lock);
  return text;
}
