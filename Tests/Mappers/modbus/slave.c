/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "slave.h"

#include <modbus.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 20000, CLIENTS = 16, SEEN = 8192 };

typedef struct client {
  int fd;
  size_t size;
  uint8_t bytes[FRAME_LARGEST];
  size_t late_size;
  uint8_t late[FRAME_LARGEST];
  bool flooded;
} client;

struct slave {
  pthread_t thread;
  int listener, wake, port;
  modbus_t *modbus; /* its socket is one end of a pair: what it answers is read from the other */
  int answers;
  client clients[CLIENTS];

  pthread_mutex_t lock; /* guards all below */
  modbus_mapping_t *mapping;
  bool stopping, hanging_up;
  slave_fault fault;
  int argument, dead_unit, refused_exception, lacking;
  frame_space refused_space;
  unsigned refused_first, refused_count, limit;
  bool is_left[256], is_few; /* which units are answered, if not all are */
  const char *const *objects;
  int object_count;
  int seen, accepted, connected;
  slave_request requests[SEEN];
};

static unsigned get16(const uint8_t *bytes) { return (unsigned)bytes[0] << 8 | bytes[1]; }

static bool send_all(int fd, const uint8_t *bytes, size_t size) {
  return send(fd, bytes, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static void end_client(slave *slave, client *client) {
  if (client->fd < 0) return;
  close(client->fd);
  *client = (struct client){.fd = -1};
  pthread_mutex_lock(&slave->lock);
  slave->connected--;
  pthread_mutex_unlock(&slave->lock);
}

/* The answer to function 43, which libmodbus lacks; the lock is held. */
static size_t identification(const slave *slave, const uint8_t *request, uint8_t *out) {
  unsigned kind = request[9], first = request[10];
  unsigned end = kind == 1 && slave->object_count > 3 ? 3 : (unsigned)slave->object_count;
  unsigned count = first + 2 < end ? 2 : first < end ? end - first : 0, next = first + count;
  bool is_more = next < end;
  size_t size = 14;
  memcpy(out, request, 10);
  out[10] = slave->object_count > 3 ? 0x82 : 0x81;
  out[11] = is_more ? 0xff : 0;
  out[12] = is_more ? (uint8_t)next : 0;
  out[13] = (uint8_t)count;
  for (unsigned i = first; i < next; i++) {
    size_t length = strlen(slave->objects[i]);
    out[size++] = (uint8_t)i;
    out[size++] = (uint8_t)length;
    memcpy(out + size, slave->objects[i], length);
    size += length;
  }
  out[4] = 0;
  out[5] = (uint8_t)(size - FRAME_PREFIX);
  return size;
}

/* The answer that libmodbus gives, or an exception of ours; the lock is held. */
static size_t answer(slave *slave, const uint8_t *request, size_t size, uint8_t *out) {
  uint8_t function = request[7];
  unsigned first = get16(request + 8), quantity = get16(request + 10);
  if (function == 5 || function == 6) quantity = 1;
  frame_space space = frame_space_of(function);
  int exception = slave->fault == FAULT_EXCEPTION ? slave->argument : 0;
  if (slave->refused_count && space == slave->refused_space &&
      first < slave->refused_first + slave->refused_count &&
      slave->refused_first < first + quantity)
    exception = slave->refused_exception;
  if (slave->limit && quantity > slave->limit) exception = 3;
  if (slave->lacking && function >= slave->lacking) exception = 1;
  if (function == FUNCTION_IDENTIFICATION && !exception) {
    if (slave->object_count) return identification(slave, request, out);
    exception = 1;
  }

  if (exception) {
    memcpy(out, request, 7);
    out[4] = 0;
    out[5] = 3;
    out[7] = function | 0x80;
    out[8] = (uint8_t)exception;
    return 9;
  }
  if (modbus_reply(slave->modbus, request, (int)size, slave->mapping) < 0) abort();
  ssize_t got = recv(slave->answers, out, FRAME_LARGEST, 0);
  if (got < 9) abort();
  return (size_t)got;
}

static void note(slave *slave, const uint8_t *request) {
  if (slave->seen < SEEN)
    slave->requests[slave->seen] = (slave_request){
        request[6], request[7], (uint16_t)get16(request + 8), (uint16_t)get16(request + 10)};
  slave->seen++;
}

/* Answers one request, with the fault that is planted. False: the connection ends. */
static bool serve(slave *slave, client *client, const uint8_t *request, size_t size) {
  uint8_t out[FRAME_LARGEST];
  pthread_mutex_lock(&slave->lock);
  note(slave, request);
  size_t length = answer(slave, request, size, out);
  slave_fault fault = slave->fault;
  slave->fault = FAULT_NONE;
  bool dead = request[6] == slave->dead_unit || (slave->is_few && !slave->is_left[request[6]]);
  pthread_mutex_unlock(&slave->lock);

  if (dead) return true;
  if (client->late_size) {
    if (!send_all(client->fd, client->late, client->late_size)) return false;
    client->late_size = 0;
  }
  switch (fault) {
  case FAULT_LATE:
    memcpy(client->late, out, length);
    client->late_size = length;
    return true;
  case FAULT_SILENT:
    return true;
  case FAULT_BYTE_COUNT:
    out[8] += 2;
    break;
  case FAULT_SHORT:
    length -= 2;
    out[5] -= 2;
    break;
  case FAULT_UNIT:
    out[6]++;
    break;
  case FAULT_FUNCTION:
    out[7] = out[7] == 3 ? 4 : 3;
    break;
  case FAULT_ECHO:
    out[9]++;
    break;
  case FAULT_PROTOCOL:
    out[2] = 'H';
    out[3] = 'T';
    break;
  case FAULT_LENGTH:
    out[4] = out[5] = 0;
    break;
  case FAULT_CLOSE:
    return false;
  case FAULT_CLOSE_IN_FRAME:
    send_all(client->fd, out, length / 2);
    return false;
  case FAULT_STALL:
    return send_all(client->fd, out, length / 2);
  case FAULT_PIECES:
    for (size_t i = 0; i < length; i++) {
      if (!send_all(client->fd, out + i, 1)) return false;
      usleep(500);
    }
    return true;
  case FAULT_FLOOD:
    client->flooded = true;
    return true;
  default:
    break;
  }
  return send_all(client->fd, out, length);
}

static void receive(slave *slave, client *client) {
  ssize_t got = recv(client->fd, client->bytes + client->size, FRAME_LARGEST - client->size, 0);
  bool alive = got > 0;
  if (alive) client->size += (size_t)got;
  while (alive && client->size >= FRAME_PREFIX &&
         client->size >= FRAME_PREFIX + get16(client->bytes + 4)) {
    size_t whole = FRAME_PREFIX + get16(client->bytes + 4);
    alive = serve(slave, client, client->bytes, whole);
    client->size -= whole;
    memmove(client->bytes, client->bytes + whole, client->size);
  }
  if (!alive) end_client(slave, client);
}

static void accept_client(slave *slave) {
  int fd = accept4(slave->listener, NULL, NULL, SOCK_CLOEXEC), one = 1;
  if (fd < 0) return;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  for (int i = 0; i < CLIENTS; i++) {
    if (slave->clients[i].fd >= 0) continue;
    slave->clients[i] = (client){.fd = fd};
    pthread_mutex_lock(&slave->lock);
    slave->accepted++;
    slave->connected++;
    pthread_mutex_unlock(&slave->lock);
    return;
  }
  close(fd);
}

/* Sends whole frames of transaction 0xffff (a coil that is on) as fast as they are taken. */
static bool flood(client *client) {
  static const uint8_t other[] = {0xff, 0xff, 0, 0, 0, 4, 1, 1, 1, 1};
  uint8_t bytes[200 * sizeof other];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = other[i % sizeof other];
  struct pollfd ready = {client->fd, POLLOUT, 0};
  /* With room for that little, a ready socket takes all of it. */
  for (int i = 0; i < 20 && poll(&ready, 1, 0) == 1; i++)
    if (!send_all(client->fd, bytes, sizeof bytes)) return false;
  return true;
}

static void *run(void *argument) {
  slave *slave = argument;
  for (;;) {
    struct pollfd sockets[CLIENTS + 2] = {{slave->listener, POLLIN, 0}, {slave->wake, POLLIN, 0}};
    bool flooding = false;
    for (int i = 0; i < CLIENTS; i++) {
      sockets[i + 2] = (struct pollfd){slave->clients[i].fd, POLLIN, 0};
      flooding |= slave->clients[i].flooded;
    }
    poll(sockets, CLIENTS + 2, flooding ? 0 : -1);
    if (sockets[1].revents) {
      eventfd_t value;
      eventfd_read(slave->wake, &value);
      pthread_mutex_lock(&slave->lock);
      bool stopping = slave->stopping, hanging_up = slave->hanging_up;
      slave->hanging_up = false;
      pthread_mutex_unlock(&slave->lock);
      if (stopping || hanging_up)
        for (int i = 0; i < CLIENTS; i++) end_client(slave, &slave->clients[i]);
      if (stopping) return NULL;
      continue;
    }
    if (sockets[0].revents) accept_client(slave);
    for (int i = 0; i < CLIENTS; i++) {
      client *client = &slave->clients[i];
      if (client->flooded && !flood(client))
        end_client(slave, client);
      else if (sockets[i + 2].revents && client->fd == sockets[i + 2].fd)
        receive(slave, client);
    }
  }
}

slave *slave_start(void) {
  slave *slave = calloc(1, sizeof *slave);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int pair[2];
  if (!slave || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) abort();
  slave->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  slave->wake = eventfd(0, EFD_CLOEXEC);
  if (bind(slave->listener, (struct sockaddr *)&address, size) != 0 ||
      listen(slave->listener, CLIENTS) != 0 ||
      getsockname(slave->listener, (struct sockaddr *)&address, &size) != 0)
    abort();
  slave->port = ntohs(address.sin_port);
  slave->modbus = modbus_new_tcp("127.0.0.1", slave->port);
  slave->mapping = modbus_mapping_new(ROOM, ROOM, ROOM, ROOM);
  if (!slave->modbus || !slave->mapping) abort();
  modbus_set_socket(slave->modbus, pair[0]);
  slave->answers = pair[1];
  slave->dead_unit = -1;
  for (int i = 0; i < CLIENTS; i++) slave->clients[i].fd = -1;
  pthread_mutex_init(&slave->lock, NULL);
  if (pthread_create(&slave->thread, NULL, run, slave) != 0) abort();
  return slave;
}

static void wake(slave *slave) {
  if (eventfd_write(slave->wake, 1) != 0) abort();
}

void slave_stop(slave *slave) {
  pthread_mutex_lock(&slave->lock);
  slave->stopping = true;
  pthread_mutex_unlock(&slave->lock);
  wake(slave);
  pthread_join(slave->thread, NULL);
  close(slave->listener);
  close(slave->wake);
  close(slave->answers);
  modbus_close(slave->modbus);
  modbus_free(slave->modbus);
  modbus_mapping_free(slave->mapping);
  pthread_mutex_destroy(&slave->lock);
  free(slave);
}

int slave_port(slave *slave) { return slave->port; }

const char *slave_settings(slave *slave, int unit, const char *more) {
  static char text[256];
  snprintf(text, sizeof text, "ip: 127.0.0.1, port: %d, slaveID: %d, %s", slave->port, unit, more);
  return text;
}

void slave_set(slave *slave, frame_space space, unsigned address, uint16_t value) {
  pthread_mutex_lock(&slave->lock);
  modbus_mapping_t *mapping = slave->mapping;
  if (space == SPACE_COIL) mapping->tab_bits[address] = value != 0;
  if (space == SPACE_DISCRETE_INPUT) mapping->tab_input_bits[address] = value != 0;
  if (space == SPACE_INPUT_REGISTER) mapping->tab_input_registers[address] = value;
  if (space == SPACE_HOLDING_REGISTER) mapping->tab_registers[address] = value;
  pthread_mutex_unlock(&slave->lock);
}

uint16_t slave_get(slave *slave, frame_space space, unsigned address) {
  pthread_mutex_lock(&slave->lock);
  const modbus_mapping_t *mapping = slave->mapping;
  uint16_t value = space == SPACE_COIL             ? mapping->tab_bits[address]
                   : space == SPACE_DISCRETE_INPUT ? mapping->tab_input_bits[address]
                   : space == SPACE_INPUT_REGISTER ? mapping->tab_input_registers[address]
                                                   : mapping->tab_registers[address];
  pthread_mutex_unlock(&slave->lock);
  return value;
}

#define LOCKED(slave, statements)                                                                  \
  do {                                                                                             \
    pthread_mutex_lock(&(slave)->lock);                                                            \
    statements;                                                                                    \
    pthread_mutex_unlock(&(slave)->lock);                                                          \
  } while (0)

void slave_plant(slave *slave, slave_fault fault, int argument) {
  LOCKED(slave, slave->fault = fault; slave->argument = argument);
}

void slave_kill_unit(slave *slave, int unit) { LOCKED(slave, slave->dead_unit = unit); }

void slave_refuse(slave *slave, frame_space space, unsigned first, unsigned count, int exception) {
  LOCKED(slave, slave->refused_space = space; slave->refused_first = first;
         slave->refused_count = count; slave->refused_exception = exception);
}

void slave_limit(slave *slave, unsigned quantity) { LOCKED(slave, slave->limit = quantity); }

void slave_lack_functions(slave *slave, int from) { LOCKED(slave, slave->lacking = from); }

void slave_leave(slave *slave, const int *units, int count) {
  LOCKED(slave, slave->is_few = true; memset(slave->is_left, 0, sizeof slave->is_left);
         for (int i = 0; i < count; i++) slave->is_left[units[i]] = true);
}

void slave_identify(slave *slave, const char *const *objects, int count) {
  LOCKED(slave, slave->objects = objects; slave->object_count = count);
}

void slave_hang_up(slave *slave) {
  LOCKED(slave, slave->hanging_up = true);
  wake(slave);
  while (slave_connected(slave) > 0) usleep(1000);
}

int slave_seen(slave *slave) {
  int seen;
  LOCKED(slave, seen = slave->seen);
  return seen;
}

slave_request slave_request_at(slave *slave, int index) {
  slave_request request = {0, 0, 0, 0};
  LOCKED(slave, if (index < slave->seen && index < SEEN) request = slave->requests[index]);
  return request;
}

void slave_forget(slave *slave) { LOCKED(slave, slave->seen = 0); }

int slave_accepted(slave *slave) {
  int accepted;
  LOCKED(slave, accepted = slave->accepted);
  return accepted;
}

int slave_connected(slave *slave) {
  int connected;
  LOCKED(slave, connected = slave->connected);
  return connected;
}
