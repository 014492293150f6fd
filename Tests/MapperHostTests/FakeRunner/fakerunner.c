/* SPDX-License-Identifier: Apache-2.0
 *
 * A mapper-runner that does what its library says: the text behind the library's ELF headers is a
 * script, a line each for load, bind, write and stop. It builds its frames by hand, so that it is a
 * second witness of their layout.
 *
 *   driver ID            it has a driver of that id
 *   schema JSON          the device schema of the drivers
 *   load MODE            ok, refuse, hang, exit, abort, crash, noise, deaf (closes its socket)
 *   bind MODE            ok, refuse (final), busy (the first time), crash, noise, print, silent
 *   write MODE           ok, silent, crash, exit
 *   stop MODE            ok, hang
 *   offers all           its drivers have methods, scans and descriptions
 *   call MODE            ok, fail, wrong (a result of another type), silent (until it is
 * cancelled), crash scan MODE            ok, silent (until it is cancelled), crash; of descriptions
 * too
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sv_board.h"

enum { BIND = 1, UNBIND, WRITE, COUNTERS, STOP, CALL, SCAN, DESCRIBE, CANCEL };
enum {
  LOADED = 64,
  REFUSED,
  SAMPLES,
  LINK,
  BOUND,
  UNBOUND,
  WRITTEN,
  COUNTERS_REPLY,
  LOG,
  CALLED,
  FOUND,
  PROGRESS,
  SCANNED
};
enum { CALL_READ = 4, CALL_WRITE = 5, CALL_LOAD = 10, CALL_METHOD = 13, HEADERS = 120 };

static char script[4096];
static unsigned char frame[1 << 16];
static size_t length;

static void put(const void *bytes, size_t count) {
  memcpy(frame + length, bytes, count);
  length += count;
}
static void put8(uint8_t value) { put(&value, 1); }
static void put32(uint32_t value) { put(&value, 4); }
static void put64(uint64_t value) { put(&value, 8); }
static void put_text(const char *text) {
  put32((uint32_t)strlen(text));
  put(text, strlen(text));
}

static void begin(uint16_t kind, uint32_t session) {
  length = 0;
  put32(0);
  put(&kind, 2);
  put("\0", 2);
  put32(session);
  put32(0);
}

static void send_all(const void *bytes, size_t count) {
  if (send(3, bytes, count, MSG_NOSIGNAL) != (ssize_t)count) _exit(70);
}

static void end(void) {
  uint32_t padding = (8 - length % 8) % 8;
  memset(frame + length, 0, padding);
  length += padding;
  uint32_t size = (uint32_t)length;
  memcpy(frame, &size, 4);
  memcpy(frame + 12, &padding, 4);
  send_all(frame, length);
}

/* The value of the first line that begins with `key`, or `fallback`. */
static const char *line(const char *key, const char *fallback) {
  static char value[256];
  char wanted[32];
  snprintf(wanted, sizeof wanted, "\n%s ", key);
  const char *found = strstr(script, wanted);
  if (!found) return fallback;
  found += strlen(wanted);
  snprintf(value, sizeof value, "%.*s", (int)strcspn(found, "\n"), found);
  return value;
}

static int is(const char *key, const char *mode) { return strcmp(line(key, "ok"), mode) == 0; }

/* A real fault: the board's handler returns to the instruction, which faults once more. */
static void fault(void) {
  volatile int *volatile nowhere = NULL;
  *nowhere = 1;
}

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void crash(uint32_t session, uint32_t function) {
  sv_board_enter(session, function, now_ns(), 0);
  fault();
}

static void noise(void) {
  const unsigned char bytes[16] = {7, 0, 0, 0, 1, 2, 3}; /* a frame of seven bytes */
  send_all(bytes, sizeof bytes);
  for (;;) pause();
}

static void put_method(const char *name, uint8_t result, int is_harmful) {
  put_text(name);
  put_text("what it does");
  put32(is_harmful ? 0 : 6);
  for (uint8_t type = 1; !is_harmful && type <= 6; type++) {
    char argument[2] = {(char)('a' + type - 1), 0};
    put_text(argument);
    put8(type);
  }
  put8(result);
  put8(0); /* idempotent */
  put8(1); /* changes state */
  put8(is_harmful != 0);
}

/* add(a bool, b int, c uint, d double, e text, f bytes) -> uint, and reset(), which asks back. */
static void put_offers(void) {
  int offers = is("offers", "all");
  put32(offers ? 2 : 0);
  if (offers) {
    put_method("add", 3, 0);
    put_method("reset", 0, 1);
  }
  put8(offers != 0); /* a scan schema */
  if (offers)
    put_text("{\"type\":\"object\",\"properties\":{\"to\":{\"type\":\"integer\",\"maximum\":9}},"
             "\"additionalProperties\":false}");
  put8(offers != 0);
  put8(offers != 0);
}

static void load(void) {
  sv_board_enter(0, CALL_LOAD, now_ns(), 0);
  if (is("load", "hang"))
    for (;;) pause();
  if (is("load", "exit")) exit(3);
  if (is("load", "abort")) abort();
  if (is("load", "crash")) fault();
  if (is("load", "noise")) noise();
  if (is("load", "deaf")) {
    close(3);
    for (;;) pause();
  }
  if (is("load", "refuse")) {
    begin(REFUSED, 0);
    put_text("no mapper_entry");
    end();
    exit(65);
  }
  sv_board_leave();
  begin(LOADED, 0);
  put_text("fake");
  put_text("1.2.3");
  put32(0);
  uint32_t count = 0;
  for (const char *at = script; (at = strstr(at, "\ndriver ")); at++) count++;
  put32(count);
  for (const char *at = script; (at = strstr(at, "\ndriver ")); at++) {
    char id[64];
    snprintf(id, sizeof id, "%.*s", (int)strcspn(at + 8, "\n"), at + 8);
    put_text(id);
    put_text("A fake");
    const char *schema = line("schema", NULL);
    put8(schema != NULL);
    if (schema) put_text(schema);
    put8(1);
    put_text("{\"type\":\"object\"}");
    put32(1);
    put_text("mapper.subscribe/1");
    put_offers();
  }
  end();
}

static void send_link(uint32_t session, uint8_t state) {
  begin(LINK, session);
  put8(state);
  put32(0);
  put_text("");
  end();
}

/* One reading of point 0: the i64 42. */
static void send_sample(uint32_t session) {
  begin(SAMPLES, session);
  uint32_t count = 1;
  memcpy(frame + 12, &count, 4);
  put64(1700000000000000000); /* arrival */
  put32(0);                   /* tail */
  put32(0);
  put32(0); /* point, status, quality, reserved */
  put32(0);
  put32(0);
  put32(0);
  put64(0);  /* source time */
  put32(8);  /* type i64, flags */
  put32(1);  /* count */
  put64(42); /* the value */
  uint32_t size = (uint32_t)length;
  memcpy(frame, &size, 4);
  send_all(frame, length);
}

static uint32_t last_session;

static void bind_device(uint32_t session) {
  static int binds;
  last_session = session;
  binds++;
  if (is("bind", "crash")) crash(session, CALL_READ);
  if (is("bind", "noise")) noise();
  if (is("bind", "silent")) return;
  if (is("bind", "print")) {
    printf("hello from the driver\033[2J\n");
    fflush(stdout);
  }
  int refuses = is("bind", "refuse"), busy = is("bind", "busy") && binds == 1;
  begin(BOUND, session);
  put32(refuses ? 3 : busy ? 7 : 0); /* INVALID, BUSY */
  put_text(refuses ? "unit 0 is no unit" : busy ? "no lane is free" : "");
  put32(session); /* the lane: one of its own */
  put32(0);
  end();
  if (refuses || busy) return;
  send_link(session, 0);
  send_sample(session);
}

/* Body: request u64, items (point u32, verify u8, kind u8, value): an int is kind 1. */
static void write_points(uint32_t session, const unsigned char *body) {
  if (is("write", "silent")) return;
  if (is("write", "crash")) crash(session, CALL_WRITE);
  if (is("write", "exit")) exit(9);
  uint32_t count;
  memcpy(&count, body + 8, 4);
  begin(WRITTEN, session);
  put(body, 8);
  put32(count);
  for (uint32_t item = 0; item < count; item++) {
    put(body + 12 + item * 14, 4);
    put32(0);
    put_text("");
  }
  end();
}

static void called(uint32_t session, uint64_t request, uint32_t status, const char *text) {
  begin(CALLED, session);
  put64(request);
  put32(status);
  put_text(text);
}

/* Body: request u64, method u32, timeout u32, the arguments. */
static void call_method(uint32_t session, const unsigned char *body) {
  uint64_t request;
  uint32_t method;
  memcpy(&request, body, 8);
  memcpy(&method, body + 8, 4);
  if (is("call", "silent")) return;
  if (is("call", "crash")) crash(session, CALL_METHOD);
  if (is("call", "fail")) {
    called(session, request, 2, "no answer from unit 4"); /* TIMEOUT */
    put8(0);
  } else {
    called(session, request, 0, "");
    put8(is("call", "wrong") ? 1 : method == 0 ? 3 : 0);
    if (is("call", "wrong"))
      put8(1);
    else if (method == 0)
      put64(UINT64_MAX);
  }
  end();
}

static void found(uint64_t request, const char *name, const char *settings) {
  begin(FOUND, 0);
  put64(request);
  put32(80);
  put_text(name);
  put_text("Pump of Acme");
  put_text(settings);
  put32(2);
  for (int index = 0; index < 2; index++) {
    put_text(index == 0 ? "level" : "broken");
    put_text("of water");
    put8(1); /* INT */
    put8(1); /* writable */
    put_text("m");
    put_text(index == 0 ? "{\"register\":4}" : "[]");
  }
  end();
}

static void scanned(uint64_t request, uint32_t status, const char *text) {
  begin(SCANNED, 0);
  put64(request);
  put32(status);
  put_text(text);
  end();
}

/* Body: request u64 and more. */
static void scan(uint32_t session, const unsigned char *body) {
  uint64_t request;
  memcpy(&request, body, 8);
  if (is("scan", "silent")) return;
  if (is("scan", "crash")) crash(session, CALL_METHOD);
  begin(PROGRESS, 0);
  put64(request);
  put32(1);
  put32(2);
  put_text("unit 1");
  end();
  found(request, "Pump_1.A!", "{\"unit\":1}");
  found(request, "b", "no JSON");
  scanned(request, 0, "");
}

static void obey(uint16_t kind, uint32_t session, const unsigned char *body) {
  switch (kind) {
  case BIND:
    bind_device(session);
    break;
  case UNBIND:
    begin(UNBOUND, session);
    end();
    break;
  case WRITE:
    write_points(session, body);
    break;
  case COUNTERS:
    begin(COUNTERS_REPLY, 0);
    put32(1);
    put32(1);
    for (uint64_t value = 11; value <= 17; value++) put64(value);
    end();
    break;
  case CALL:
    call_method(session, body);
    break;
  case SCAN:
  case DESCRIBE:
    scan(session, body);
    break;
  case CANCEL: {
    uint64_t request;
    memcpy(&request, body, 8);
    /* The host knows which of the two it was. */
    called(last_session, request, 1, "stopped");
    put8(0);
    end();
    scanned(request, 1, "stopped");
    break;
  }
  case STOP:
    if (is("stop", "hang"))
      for (;;) pause();
    exit(0);
  default:
    _exit(66);
  }
}

static int read_all(void *bytes, size_t count) {
  return recv(3, bytes, count, MSG_WAITALL) == (ssize_t)count;
}

int main(int count, char **arguments) {
  int library = count == 2 ? open(arguments[1], O_RDONLY) : -1;
  if (library < 0) return 64;
  script[0] = '\n';
  if (pread(library, script + 1, sizeof script - 2, HEADERS) < 0) return 64;
  close(library);
  sv_board *board = sv_board_map(4);
  if (!board) return 64;
  sv_board_take_slot(board, 0);
  sv_board_watch_faults(board);
  load();
  static unsigned char body[1 << 20];
  uint32_t header[4];
  while (read_all(header, sizeof header)) {
    uint16_t kind;
    memcpy(&kind, &header[1], 2);
    if (header[0] > 16 && !read_all(body, header[0] - 16)) return 67;
    obey(kind, header[2], body);
  }
  return 67;
}
