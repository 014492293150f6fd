/* SPDX-License-Identifier: Apache-2.0
 *
 * Faults on demand: what a broken driver does to its host.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "virtual.h"

static const struct {
  const char *name;
  mapper_status status;
} classes[] = {
    {"cancelled", MAPPER_CANCELLED},
    {"timeout", MAPPER_TIMEOUT},
    {"invalid", MAPPER_INVALID},
    {"not-found", MAPPER_NOT_FOUND},
    {"unsupported", MAPPER_UNSUPPORTED},
    {"unavailable", MAPPER_UNAVAILABLE},
    {"busy", MAPPER_BUSY},
    {"denied", MAPPER_DENIED},
    {"protocol", MAPPER_PROTOCOL},
    {"type", MAPPER_TYPE},
    {"no-memory", MAPPER_NO_MEMORY},
    {"internal", MAPPER_INTERNAL},
};
static const size_t class_count = sizeof classes / sizeof classes[0];

static bool parse_amount(const char *text, uint64_t limit, uint64_t *amount) {
  uint64_t value = 0;
  if (!*text) return false;
  for (; *text; text++) {
    if (*text < '0' || *text > '9') return false;
    value = value * 10 + (uint64_t)(*text - '0');
    if (value > limit) return false;
  }
  *amount = value;
  return true;
}

bool virtual_fault_parse(const char *text, size_t size, virtual_fault *fault) {
  char word[FAULT_TEXT_MAX];
  if (size >= sizeof word || memchr(text, 0, size)) return false;
  memcpy(word, text, size);
  word[size] = 0;

  virtual_fault parsed = {FAULT_NONE, MAPPER_OK, 0};
  bool good = true;
  if (strcmp(word, "none") == 0) {
    parsed.kind = FAULT_NONE;
  } else if (strcmp(word, "hang") == 0) {
    parsed.kind = FAULT_HANG;
  } else if (strcmp(word, "crash") == 0) {
    parsed.kind = FAULT_CRASH;
  } else if (strcmp(word, "exit") == 0) {
    parsed.kind = FAULT_EXIT;
    parsed.amount = 1;
  } else if (strncmp(word, "exit:", 5) == 0) {
    parsed.kind = FAULT_EXIT;
    good = parse_amount(word + 5, 255, &parsed.amount);
  } else if (strncmp(word, "delay:", 6) == 0) {
    parsed.kind = FAULT_DELAY;
    good = parse_amount(word + 6, 24 * 3600 * 1000, &parsed.amount);
  } else if (strncmp(word, "leak:", 5) == 0) {
    parsed.kind = FAULT_LEAK;
    good = parse_amount(word + 5, (uint64_t)1 << 40, &parsed.amount);
  } else if (strncmp(word, "error:", 6) == 0) {
    parsed.kind = FAULT_ERROR;
    for (size_t i = 0; i < class_count; i++)
      if (strcmp(word + 6, classes[i].name) == 0) parsed.status = classes[i].status;
    good = parsed.status != MAPPER_OK;
  } else {
    good = false;
  }
  if (good) *fault = parsed;
  return good;
}

size_t virtual_fault_print(const virtual_fault *fault, char text[FAULT_TEXT_MAX]) {
  static const char *const names[] = {"none", "delay", "error", "hang", "crash", "exit", "leak"};
  const char *name = names[fault->kind];
  int length = 0;
  switch (fault->kind) {
  case FAULT_DELAY:
  case FAULT_EXIT:
  case FAULT_LEAK:
    length = snprintf(text, FAULT_TEXT_MAX, "%s:%llu", name, (unsigned long long)fault->amount);
    break;
  case FAULT_ERROR:
    for (size_t i = 0; i < class_count; i++)
      if (classes[i].status == fault->status)
        length = snprintf(text, FAULT_TEXT_MAX, "error:%s", classes[i].name);
    break;
  default:
    length = snprintf(text, FAULT_TEXT_MAX, "%s", name);
  }
  return length > 0 ? (size_t)length : 0;
}

static const char *const call_names[ON_COUNT] = {"open", "read", "write", "method"};

const char *virtual_call_name(virtual_call which) { return call_names[which]; }

virtual_call virtual_fault_call(const char *name) {
  int which = 0;
  while (which < ON_COUNT && strcmp(name, call_names[which]) != 0) which++;
  return (virtual_call)which;
}

mapper_status virtual_wait(uint64_t milliseconds, const mapper_call *call) {
  int64_t now = virtual_now_ns(), deadline = virtual_api->deadline_ns(call);
  int64_t most = deadline > now ? (deadline - now) / 1000000 : 0;
  bool late = milliseconds > (uint64_t)most;
  int64_t end = late ? deadline : now + (int64_t)milliseconds * 1000000;
  struct pollfd cancel = {.fd = virtual_api->cancel_fd(call), .events = POLLIN};
  for (;;) {
    if (virtual_api->cancelled(call)) return MAPPER_CANCELLED;
    int64_t left = end - virtual_now_ns();
    if (left <= 0) break;
    struct timespec wait = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
    if (ppoll(&cancel, 1, &wait, NULL) < 0 && errno != EINTR)
      return mapper_failf(virtual_api, call, MAPPER_INTERNAL, "cannot wait: poll failed");
  }
  return late ? MAPPER_TIMEOUT : MAPPER_OK;
}

static mapper_status delay(uint64_t milliseconds, const mapper_call *call) {
  mapper_status status = virtual_wait(milliseconds, call);
  if (status != MAPPER_TIMEOUT) return status;
  return mapper_failf(virtual_api, call, MAPPER_TIMEOUT,
                      "fault on demand: the delay of %llu ms goes beyond the deadline",
                      (unsigned long long)milliseconds);
}

static void crash(void) {
  volatile uintptr_t nowhere = 8;
  *(volatile char *)nowhere = 1;
}

/* The memory is touched, so that it counts as resident. */
static void leak(uint64_t bytes) {
  if (bytes == 0) return;
  void *memory =
      mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  (void)memory;
}

void virtual_fault_strike_process(const virtual_fault *fault) {
  switch (fault->kind) {
  case FAULT_HANG:
    for (;;) {
      struct timespec hour = {.tv_sec = 3600};
      nanosleep(&hour, NULL);
    }
  case FAULT_CRASH:
    crash();
    break;
  case FAULT_EXIT:
    exit((int)fault->amount);
  case FAULT_LEAK:
    leak(fault->amount);
    break;
  default:
    break;
  }
}

mapper_status virtual_fault_strike(const virtual_fault *fault, const mapper_call *call) {
  switch (fault->kind) {
  case FAULT_NONE:
    return MAPPER_OK;
  case FAULT_DELAY:
    return delay(fault->amount, call);
  case FAULT_ERROR: {
    char text[FAULT_TEXT_MAX];
    virtual_fault_print(fault, text);
    return mapper_failf(virtual_api, call, fault->status, "fault on demand: %s", text);
  }
  default:
    virtual_fault_strike_process(fault);
    return MAPPER_OK;
  }
}
