/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "fakebroker.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "process.h"

static bool read_all(int file, uint8_t *bytes, size_t size) {
  while (size) {
    ssize_t count = read(file, bytes, size);
    if (count <= 0) return false;
    bytes += count;
    size -= (size_t)count;
  }
  return true;
}

/* One packet: its first byte and its body. */
static bool read_packet(int file, uint8_t *first, uint8_t *body, size_t capacity, size_t *size) {
  uint8_t byte;
  if (!read_all(file, first, 1)) return false;
  *size = 0;
  for (int shift = 0;; shift += 7) {
    if (shift > 21 || !read_all(file, &byte, 1)) return false;
    *size |= (size_t)(byte & 0x7f) << shift;
    if (!(byte & 0x80)) break;
  }
  return *size <= capacity && read_all(file, body, *size);
}

static void reply(int file, const uint8_t *bytes, size_t size) {
  if (send(file, bytes, size, MSG_NOSIGNAL) < 0) return; /* the client has gone */
}

/* SUBACK: 90, remaining length, packet id, a code a topic. */
static void acknowledge_topics(fake_broker *broker, int file, const uint8_t *body, size_t size) {
  uint8_t answer[130] = {0x90, 2, body[0], body[1]};
  int odd = atomic_load(&broker->suback_odd), even = atomic_load(&broker->suback);
  size_t count = 0;
  for (size_t at = 2; at + 2 < size && count < 100; count++) {
    at += 2 + (size_t)(body[at] << 8 | body[at + 1]) + 1;
    answer[4 + count] = (uint8_t)(count % 2 && odd != -2 ? odd : even);
  }
  answer[1] = (uint8_t)(2 + count);
  reply(file, answer, 4 + count);
}

static void serve(fake_broker *broker, int file) {
  static _Thread_local uint8_t body[65536];
  uint8_t first;
  size_t size;
  while (read_packet(file, &first, body, sizeof body, &size)) {
    switch (first >> 4) {
    case 1: /* CONNECT */
      if (atomic_load(&broker->connects) < 8)
        broker->connected_ms[atomic_load(&broker->connects)] = now_ms();
      atomic_fetch_add(&broker->connects, 1);
      if (atomic_load(&broker->connack) >= 0) {
        uint8_t answer[] = {0x20, 2, 0, (uint8_t)atomic_load(&broker->connack)};
        reply(file, answer, sizeof answer);
      }
      break;
    case 3: { /* PUBLISH */
      size_t topic = (size_t)(body[0] << 8 | body[1]);
      atomic_fetch_add(&broker->publishes, 1);
      if (!(first & 6)) break;
      int count = atomic_load(&broker->id_count);
      if (count < 64) {
        atomic_store(&broker->ids[count], body[2 + topic] << 8 | body[3 + topic]);
        atomic_store(&broker->id_count, count + 1);
      }
      if (atomic_load(&broker->has_puback)) fake_broker_acknowledge(broker);
      break;
    }
    case 8: /* SUBSCRIBE */
      if (atomic_load(&broker->suback) >= 0) acknowledge_topics(broker, file, body, size);
      break;
    case 12: { /* PINGREQ */
      uint8_t answer[] = {0xd0, 0};
      reply(file, answer, sizeof answer);
      break;
    }
    }
  }
}

static void *run(void *argument) {
  fake_broker *broker = argument;
  while (!atomic_load(&broker->is_stopping)) {
    int file = accept(broker->file, NULL, NULL);
    if (file < 0) break;
    atomic_store(&broker->client, file);
    serve(broker, file);
    atomic_store(&broker->client, -1);
    close(file);
  }
  return NULL;
}

void fake_broker_start(fake_broker *broker) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  atomic_store(&broker->suback_odd, -2);
  atomic_store(&broker->client, -1);
  broker->file = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(broker->file, (struct sockaddr *)&address, size) != 0) abort();
  if (listen(broker->file, 8) != 0) abort();
  if (getsockname(broker->file, (struct sockaddr *)&address, &size) != 0) abort();
  snprintf(broker->url, sizeof broker->url, "tcp://127.0.0.1:%d", ntohs(address.sin_port));
  if (pthread_create(&broker->thread, NULL, run, broker) != 0) abort();
}

void fake_broker_acknowledge(fake_broker *broker) {
  int file = atomic_load(&broker->client), count = atomic_exchange(&broker->id_count, 0);
  for (int i = 0; i < count; i++) {
    int id = atomic_load(&broker->ids[i]);
    uint8_t answer[] = {0x40, 2, (uint8_t)(id >> 8), (uint8_t)id}; /* PUBACK */
    reply(file, answer, sizeof answer);
  }
}

void fake_broker_drop(fake_broker *broker) {
  int file = atomic_load(&broker->client);
  if (file >= 0) shutdown(file, SHUT_RDWR);
}

void fake_broker_stop(fake_broker *broker) {
  atomic_store(&broker->is_stopping, true);
  shutdown(broker->file, SHUT_RDWR);
  fake_broker_drop(broker);
  pthread_join(broker->thread, NULL);
  close(broker->file);
}
