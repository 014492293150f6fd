/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "bus.h"

#include <errno.h>
#include <fcntl.h>
#include <modbus.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <termios.h>
#include <unistd.h>

#include "rtu.h"

enum { ROOM = 20000, UNITS = 8, SEEN = 4096, CHUNK = 1024 };

/* Both ends of a pseudo terminal. Ours of the port is held open: a master whose other end is closed
 * would be ready for reading all the time. */
typedef struct terminal {
  int master, held;
  char path[64];
} terminal;

typedef struct unit {
  terminal terminal;
  modbus_t *modbus;
  pthread_t thread;
  bus *bus;
  size_t size;
  uint8_t answer[CHUNK];
} unit;

struct bus {
  pthread_t thread;
  int wake;
  char folder[64], path[80];
  unit units[UNITS];
  int count, addresses[UNITS];
  uint8_t late[CHUNK];
  size_t late_size;
  uint8_t heard[CHUNK]; /* of a request that is not whole yet */
  size_t heard_size;

  pthread_mutex_t lock; /* guards all below */
  terminal port;        /* master -1: pulled out */
  modbus_mapping_t *mapping;
  bool stopping;
  bus_fault fault;
  int argument, seen;
  slave_request requests[SEEN];
};

static terminal open_terminal(void) {
  terminal terminal = {.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
  struct termios raw;
  if (terminal.master < 0 || grantpt(terminal.master) != 0 || unlockpt(terminal.master) != 0 ||
      ptsname_r(terminal.master, terminal.path, sizeof terminal.path) != 0)
    abort();
  terminal.held = open(terminal.path, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal.held < 0 || tcgetattr(terminal.held, &raw) != 0) abort();
  cfmakeraw(&raw);
  if (tcsetattr(terminal.held, TCSANOW, &raw) != 0) abort();
  return terminal;
}

static void close_terminal(terminal *terminal) {
  if (terminal->master >= 0) close(terminal->master);
  if (terminal->held >= 0) close(terminal->held);
  terminal->master = terminal->held = -1;
}

/* A unit, as libmodbus plays it. */
static void *serve(void *argument) {
  unit *unit = argument;
  for (;;) {
    uint8_t request[MODBUS_RTU_MAX_ADU_LENGTH];
    int size = modbus_receive(unit->modbus, request);
    if (size < 0 && (errno == EIO || errno == EBADF || errno == ECONNRESET)) return NULL;
    if (size <= 0) continue; /* to another unit */
    pthread_mutex_lock(&unit->bus->lock);
    modbus_reply(unit->modbus, request, size, unit->bus->mapping);
    pthread_mutex_unlock(&unit->bus->lock);
  }
}

static void put(int fd, const uint8_t *bytes, size_t size) {
  while (size) {
    ssize_t count = write(fd, bytes, size);
    if (count <= 0) return; /* pulled out */
    bytes += count;
    size -= (size_t)count;
  }
}

static void put_crc(uint8_t *frame, size_t size) {
  uint16_t crc = rtu_crc(frame, size - 2);
  frame[size - 2] = (uint8_t)crc;
  frame[size - 1] = (uint8_t)(crc >> 8);
}

/* A whole answer on its way to the mapper, with the fault that is planted. */
static void pass_on(bus *bus, uint8_t *frame, size_t size) {
  static const uint8_t nothing[] = {0xff, 0x00};
  pthread_mutex_lock(&bus->lock);
  bus_fault fault = bus->fault;
  int argument = bus->argument, port = bus->port.master;
  bus->fault = BUS_NONE;
  pthread_mutex_unlock(&bus->lock);
  switch (fault) {
  case BUS_SILENT:
    return;
  case BUS_LATE:
    memcpy(bus->late, frame, size);
    bus->late_size = size;
    return;
  case BUS_CRC:
    frame[size - 1] ^= 0x55;
    break;
  case BUS_UNIT:
    frame[0] = (uint8_t)argument;
    put_crc(frame, size);
    break;
  case BUS_HALF:
    size /= 2;
    break;
  case BUS_NOISE:
    put(port, nothing, sizeof nothing);
    break;
  case BUS_PIECES:
    for (size_t i = 0; i < size; i++) {
      put(port, frame + i, 1);
      usleep(500);
    }
    return;
  case BUS_GARBAGE: {
    uint8_t garbage[600];
    memset(garbage, 0x77, sizeof garbage);
    put(port, garbage, sizeof garbage);
    return;
  }
  default:
    break;
  }
  put(port, frame, size);
  if (fault == BUS_TAIL) put(port, nothing, sizeof nothing);
}

/* libmodbus 3.1.6 takes a request with a function that it does not know for one of four bytes, and
 * falls out of step: what a unit that knows no such function should say is said here. */
static void refuse_function(bus *bus, const uint8_t *request) {
  uint8_t frame[5] = {request[0], request[1] | 0x80, 1};
  put_crc(frame, sizeof frame);
  pass_on(bus, frame, sizeof frame);
}

static void from_unit(bus *bus, unit *unit) {
  ssize_t got = read(unit->terminal.master, unit->answer + unit->size, CHUNK - unit->size);
  if (got <= 0) return;
  unit->size += (size_t)got;
  while (unit->size > 1) {
    int pdu = frame_pdu_size(unit->answer + 1, unit->size - 1);
    if (pdu < 0) abort();
    size_t whole = (size_t)pdu + 3;
    if (pdu == 0 || unit->size < whole) return;
    pass_on(bus, unit->answer, whole);
    unit->size -= whole;
    memmove(unit->answer, unit->answer + whole, unit->size);
  }
}

/* What the first bytes of a request say of its size; 0: not yet. */
static size_t request_size(const uint8_t *bytes, size_t have) {
  if (have < 2) return 0;
  if (bytes[1] == 15 || bytes[1] == 16) return have < 7 ? 0 : 9 + (size_t)bytes[6];
  if (bytes[1] == 22) return 10;
  return bytes[1] == FUNCTION_IDENTIFICATION ? 7 : 8;
}

/* A unit hears what is for it, and not what goes on between others: libmodbus waits for the answer
 * of another unit as long as for one of its own, which is too short on a busy machine, and then
 * takes that answer for a request. */
static void request_came(bus *bus, int port, const uint8_t *bytes, size_t got) {
  pthread_mutex_lock(&bus->lock);
  if (bus->seen < SEEN)
    bus->requests[bus->seen] =
        (slave_request){bytes[0], bytes[1], (uint16_t)(bytes[2] << 8 | bytes[3]),
                        got < 6 ? 0 : (uint16_t)(bytes[4] << 8 | bytes[5])};
  bus->seen++;
  pthread_mutex_unlock(&bus->lock);
  if (bus->late_size) put(port, bus->late, bus->late_size);
  bus->late_size = 0;
  bool is_known = bytes[1] != FUNCTION_IDENTIFICATION;
  for (int i = 0; i < bus->count; i++) {
    bool is_heard = bytes[0] == 0 || bus->addresses[i] == bytes[0];
    if (is_known && is_heard) put(bus->units[i].terminal.master, bytes, got);
    if (!is_known && bus->addresses[i] == bytes[0]) refuse_function(bus, bytes);
  }
}

static void from_port(bus *bus, int port) {
  ssize_t got = read(port, bus->heard + bus->heard_size, CHUNK - bus->heard_size);
  if (got > 0) bus->heard_size += (size_t)got;
  for (;;) {
    size_t size = request_size(bus->heard, bus->heard_size);
    if (size > CHUNK) abort();
    if (size == 0 || bus->heard_size < size) return;
    request_came(bus, port, bus->heard, size);
    bus->heard_size -= size;
    memmove(bus->heard, bus->heard + size, bus->heard_size);
  }
}

static void *carry(void *argument) {
  bus *bus = argument;
  for (;;) {
    pthread_mutex_lock(&bus->lock);
    int port = bus->port.master;
    bool stopping = bus->stopping;
    pthread_mutex_unlock(&bus->lock);
    if (stopping) return NULL;
    struct pollfd ends[UNITS + 2] = {{bus->wake, POLLIN, 0}, {port, POLLIN, 0}};
    for (int i = 0; i < bus->count; i++)
      ends[i + 2] = (struct pollfd){bus->units[i].terminal.master, POLLIN, 0};
    poll(ends, (nfds_t)bus->count + 2, -1);
    if (ends[0].revents) {
      eventfd_t value;
      eventfd_read(bus->wake, &value);
      continue; /* what was polled may be closed */
    }
    if (ends[1].revents) from_port(bus, port);
    for (int i = 0; i < bus->count; i++)
      if (ends[i + 2].revents) from_unit(bus, &bus->units[i]);
  }
}

static void start_unit(bus *bus, unit *unit, int address) {
  unit->bus = bus;
  bus->addresses[unit - bus->units] = address;
  unit->terminal = open_terminal();
  unit->modbus = modbus_new_rtu(unit->terminal.path, 115200, 'N', 8, 1);
  if (!unit->modbus || modbus_set_slave(unit->modbus, address) != 0 ||
      modbus_connect(unit->modbus) != 0)
    abort();
  modbus_set_response_timeout(unit->modbus, 0, 10000); /* it waits so long before some exceptions */
  if (pthread_create(&unit->thread, NULL, serve, unit) != 0) abort();
}

static void link_port(bus *bus) {
  bus->port = open_terminal();
  unlink(bus->path);
  if (symlink(bus->port.path, bus->path) != 0) abort();
}

bus *bus_start(const int *units, int count) {
  bus *bus = calloc(1, sizeof *bus);
  if (!bus || count > UNITS) abort();
  snprintf(bus->folder, sizeof bus->folder, "/tmp/modbus-bus-XXXXXX");
  if (!mkdtemp(bus->folder)) abort();
  snprintf(bus->path, sizeof bus->path, "%s/ttyTEST", bus->folder);
  pthread_mutex_init(&bus->lock, NULL);
  bus->wake = eventfd(0, EFD_CLOEXEC);
  bus->mapping = modbus_mapping_new(ROOM, ROOM, ROOM, ROOM);
  if (!bus->mapping) abort();
  link_port(bus);
  bus->count = count;
  for (int i = 0; i < count; i++) start_unit(bus, &bus->units[i], units[i]);
  if (pthread_create(&bus->thread, NULL, carry, bus) != 0) abort();
  return bus;
}

/* Lets `carry` look at what has changed. */
static void wake(bus *bus) { eventfd_write(bus->wake, 1); }

void bus_stop(bus *bus) {
  pthread_mutex_lock(&bus->lock);
  bus->stopping = true;
  pthread_mutex_unlock(&bus->lock);
  wake(bus);
  pthread_join(bus->thread, NULL);
  for (int i = 0; i < bus->count; i++) {
    close_terminal(&bus->units[i].terminal); /* libmodbus' end fails with EIO */
    pthread_join(bus->units[i].thread, NULL);
    modbus_close(bus->units[i].modbus);
    modbus_free(bus->units[i].modbus);
  }
  close_terminal(&bus->port);
  modbus_mapping_free(bus->mapping);
  close(bus->wake);
  unlink(bus->path);
  rmdir(bus->folder);
  pthread_mutex_destroy(&bus->lock);
  free(bus);
}

const char *bus_path(bus *bus) { return bus->path; }

const char *bus_settings(bus *bus, int unit, const char *more) {
  static char text[256];
  /* A busy machine takes its time. */
  snprintf(text, sizeof text, "serialPort: %s, slaveID: %d, baudRate: 115200, %s%s", bus->path,
           unit, strstr(more, "timeoutMs") ? "" : "timeoutMs: 20000, ", more);
  return text;
}

void bus_set(bus *bus, frame_space space, unsigned address, uint16_t value) {
  pthread_mutex_lock(&bus->lock);
  if (space == SPACE_COIL) bus->mapping->tab_bits[address] = value != 0;
  if (space == SPACE_DISCRETE_INPUT) bus->mapping->tab_input_bits[address] = value != 0;
  if (space == SPACE_INPUT_REGISTER) bus->mapping->tab_input_registers[address] = value;
  if (space == SPACE_HOLDING_REGISTER) bus->mapping->tab_registers[address] = value;
  pthread_mutex_unlock(&bus->lock);
}

uint16_t bus_get(bus *bus, frame_space space, unsigned address) {
  pthread_mutex_lock(&bus->lock);
  const modbus_mapping_t *mapping = bus->mapping;
  uint16_t value = space == SPACE_COIL             ? mapping->tab_bits[address]
                   : space == SPACE_DISCRETE_INPUT ? mapping->tab_input_bits[address]
                   : space == SPACE_INPUT_REGISTER ? mapping->tab_input_registers[address]
                                                   : mapping->tab_registers[address];
  pthread_mutex_unlock(&bus->lock);
  return value;
}

void bus_plant(bus *bus, bus_fault fault, int argument) {
  pthread_mutex_lock(&bus->lock);
  bus->fault = fault;
  bus->argument = argument;
  pthread_mutex_unlock(&bus->lock);
}

void bus_unplug(bus *bus) {
  pthread_mutex_lock(&bus->lock);
  close_terminal(&bus->port);
  unlink(bus->path);
  pthread_mutex_unlock(&bus->lock);
  wake(bus);
}

void bus_plug(bus *bus) {
  pthread_mutex_lock(&bus->lock);
  link_port(bus);
  pthread_mutex_unlock(&bus->lock);
  wake(bus);
}

int bus_seen(bus *bus) {
  pthread_mutex_lock(&bus->lock);
  int seen = bus->seen;
  pthread_mutex_unlock(&bus->lock);
  return seen;
}

slave_request bus_request_at(bus *bus, int index) {
  slave_request request = {0, 0, 0, 0};
  pthread_mutex_lock(&bus->lock);
  if (index < bus->seen && index < SEEN) request = bus->requests[index];
  pthread_mutex_unlock(&bus->lock);
  return request;
}

void bus_forget(bus *bus) {
  pthread_mutex_lock(&bus->lock);
  bus->seen = 0;
  pthread_mutex_unlock(&bus->lock);
}
