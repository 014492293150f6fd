/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "fakecall.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

typedef struct fake_item {
  uint32_t index;
  char *text;
  struct fake_item *next;
} fake_item;

typedef struct fake_block {
  struct fake_block *next;
  void *memory;
} fake_block;

struct mapper_call {
  int64_t deadline_ns;
  int cancel_fd;
  atomic_bool cancelled;
  _Atomic int64_t cancelled_ns;
  bool starved;
  char *text;
  fake_item *items;
  fake_block *blocks;
  pthread_t canceller;
  bool has_canceller;
  int cancel_delay_ms;
};

/* A call is const to the mapper, but the host's own data behind it is not. */
static mapper_call *own(const mapper_call *call) { return (mapper_call *)(uintptr_t)call; }

int64_t fake_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

char *fake_copy(const void *bytes, size_t size) {
  char *copy = malloc(size + 1);
  if (!copy) abort();
  if (size) memcpy(copy, bytes, size);
  copy[size] = 0;
  return copy;
}

mapper_call *fake_call_new(int timeout_ms) {
  mapper_call *call = calloc(1, sizeof *call);
  if (!call) abort();
  call->cancel_fd = -1;
  fake_call_again(call, timeout_ms);
  return call;
}

static void fake_call_empty(mapper_call *call) {
  if (call->has_canceller) pthread_join(call->canceller, NULL);
  call->has_canceller = false;
  free(call->text);
  call->text = NULL;
  while (call->items) {
    fake_item *item = call->items;
    call->items = item->next;
    free(item->text);
    free(item);
  }
  while (call->blocks) {
    fake_block *block = call->blocks;
    call->blocks = block->next;
    free(block->memory);
    free(block);
  }
  if (call->cancel_fd >= 0) close(call->cancel_fd);
  call->cancel_fd = -1;
}

void fake_call_again(mapper_call *call, int timeout_ms) {
  fake_call_empty(call);
  call->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (call->cancel_fd < 0) abort();
  call->starved = false;
  atomic_store(&call->cancelled, false);
  call->deadline_ns = fake_now_ns() + (int64_t)timeout_ms * 1000000;
}

void fake_call_free(mapper_call *call) {
  fake_call_empty(call);
  free(call);
}

static void *fake_cancel(void *argument) {
  mapper_call *call = argument;
  struct timespec delay = {call->cancel_delay_ms / 1000, call->cancel_delay_ms % 1000 * 1000000L};
  nanosleep(&delay, NULL);
  atomic_store(&call->cancelled_ns, fake_now_ns());
  atomic_store(&call->cancelled, true);
  if (eventfd_write(call->cancel_fd, 1) != 0) abort();
  return NULL;
}

void fake_call_cancel_after(mapper_call *call, int delay_ms) {
  call->cancel_delay_ms = delay_ms;
  if (pthread_create(&call->canceller, NULL, fake_cancel, call) != 0) abort();
  call->has_canceller = true;
}

void fake_call_starve(mapper_call *call) { call->starved = true; }

const char *fake_call_text(mapper_call *call) { return call->text ? call->text : ""; }

const char *fake_call_item(mapper_call *call, uint32_t index) {
  for (fake_item *item = call->items; item; item = item->next)
    if (item->index == index) return item->text;
  return "";
}

double fake_call_since_cancel(mapper_call *call) {
  return (double)(fake_now_ns() - atomic_load(&call->cancelled_ns)) / 1e6;
}

bool fake_call_cancelled(const mapper_call *call) { return atomic_load(&own(call)->cancelled); }

int32_t fake_call_cancel_fd(const mapper_call *call) { return call->cancel_fd; }

int64_t fake_call_deadline_ns(const mapper_call *call) { return call->deadline_ns; }

void *fake_call_alloc(const mapper_call *call, size_t size, size_t align) {
  mapper_call *self = own(call);
  if (self->starved) return NULL;
  fake_block *block = malloc(sizeof *block);
  void *memory = NULL;
  if (align < sizeof(void *)) align = sizeof(void *);
  if (!block || posix_memalign(&memory, align, size ? size : 1) != 0) abort();
  *block = (fake_block){self->blocks, memory};
  self->blocks = block;
  return memory;
}

mapper_status fake_call_fail(const mapper_call *call, mapper_status status, const char *text,
                             size_t size) {
  mapper_call *self = own(call);
  free(self->text);
  self->text = fake_copy(text, size);
  return status;
}

mapper_status fake_call_fail_item(const mapper_call *call, uint32_t index, mapper_status status,
                                  const char *text, size_t size) {
  mapper_call *self = own(call);
  fake_item *item = self->items;
  while (item && item->index != index) item = item->next;
  if (!item) {
    item = calloc(1, sizeof *item);
    if (!item) abort();
    item->index = index;
    item->next = self->items;
    self->items = item;
  }
  free(item->text);
  item->text = fake_copy(text, size);
  return status;
}
