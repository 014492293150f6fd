/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "broker.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <mosquitto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- the process -------------------------------------------------------------------------- */

/* Below the ports that the system gives to those who connect (from 32768 on), which would come and
 * go. */
int free_port(void) {
  static _Atomic unsigned asked;
  for (int attempt = 0; attempt < 1000; attempt++) {
    unsigned mixed = ((unsigned)getpid() * 7919u + ++asked) * 2654435761u;
    int port = 12000 + (int)((mixed >> 8) % 20000);
    int file = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((uint16_t)port);
    bool is_free = bind(file, (struct sockaddr *)&address, sizeof address) == 0;
    close(file);
    if (is_free) return port;
  }
  abort();
}

static bool accepts(int port) {
  int file = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  address.sin_port = htons((uint16_t)port);
  bool good = connect(file, (struct sockaddr *)&address, sizeof address) == 0;
  close(file);
  return good;
}

static FILE *create_file(const real_broker *broker, const char *name) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", broker->folder, name);
  FILE *file = fopen(path, "w");
  if (!file) abort();
  return file;
}

/* Runs a program to its end. */
static bool run(char *const arguments[]) {
  pid_t child = fork();
  if (child == 0) {
    execvp(arguments[0], arguments);
    _exit(127);
  }
  int status;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool make_passwords(const real_broker *broker, const char *user, const char *password) {
  char path[128];
  fclose(create_file(broker, "passwords"));
  snprintf(path, sizeof path, "%s/passwords", broker->folder);
  char *arguments[] = {"mosquitto_passwd",          "-b", path, (char *)(uintptr_t)user,
                       (char *)(uintptr_t)password, NULL};
  return run(arguments);
}

static void spawn_broker(real_broker *broker) {
  char path[128];
  snprintf(path, sizeof path, "%s/mosquitto.conf", broker->folder);
  broker->process = fork();
  if (broker->process == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* a test that crashes leaves nothing behind */
    if (!freopen("/dev/null", "w", stderr)) _exit(126); /* it warns of root; the rest is logged */
    execlp("mosquitto", "mosquitto", "-c", path, (char *)NULL);
    execl("/usr/sbin/mosquitto", "mosquitto", "-c", path, (char *)NULL);
    _exit(127);
  }
}

bool real_broker_again(real_broker *broker) {
  spawn_broker(broker);
  for (double end = now() + 60; now() < end; usleep(5000)) {
    if (waitpid(broker->process, NULL, WNOHANG) == broker->process) {
      /* Somebody else has the port, perhaps for a moment. */
      usleep(200000);
      spawn_broker(broker);
    } else if (accepts(broker->port)) {
      return true;
    }
  }
  real_broker_stop(broker);
  fprintf(stderr, "mosquitto does not start on port %d\n", broker->port);
  return false;
}

void real_broker_prepare(real_broker *broker) {
  *broker = (real_broker){.port = free_port(), .tls_port = free_port()};
  snprintf(broker->folder, sizeof broker->folder, "/tmp/mqtt-test-XXXXXX");
  if (!mkdtemp(broker->folder)) abort();
  snprintf(broker->url, sizeof broker->url, "tcp://127.0.0.1:%d", broker->port);
  snprintf(broker->tls_url, sizeof broker->tls_url, "mqtts://localhost:%d", broker->tls_port);
}

bool real_broker_run(real_broker *broker, const char *lines) {
  FILE *file = create_file(broker, "mosquitto.conf");
  fprintf(file, "listener %d 127.0.0.1\npersistence false\nset_tcp_nodelay true\n", broker->port);
  fprintf(file, "log_dest file %s/log\nlog_type all\nallow_anonymous true\n", broker->folder);
  if (getuid() == 0) fprintf(file, "user root\n"); /* else it cannot read this folder */
  fprintf(file, "%s\n", lines);
  fclose(file);
  return real_broker_again(broker);
}

bool real_broker_run_tls(real_broker *broker, const char *certificate, bool wants_certificate) {
  char lines[512];
  const char *folder = broker->folder;
  snprintf(lines, sizeof lines,
           "listener %d 127.0.0.1\ncafile %s/ca.crt\ncertfile %s/%s.crt\nkeyfile %s/%s.key\n"
           "require_certificate %s",
           broker->tls_port, folder, folder, certificate, folder, certificate,
           wants_certificate ? "true" : "false");
  return real_broker_run(broker, lines);
}

bool real_broker_start(real_broker *broker, const char *user, const char *password) {
  char lines[160] = "";
  real_broker_prepare(broker);
  if (user && !make_passwords(broker, user, password)) return false;
  if (user)
    snprintf(lines, sizeof lines, "allow_anonymous false\npassword_file %s/passwords\n",
             broker->folder);
  return real_broker_run(broker, lines);
}

void real_broker_stop(real_broker *broker) {
  if (broker->process <= 0) return;
  kill(broker->process, SIGTERM);
  waitpid(broker->process, NULL, 0);
  broker->process = 0;
}

int real_broker_logged(const real_broker *broker, const char *text) {
  char path[128], line[1024];
  snprintf(path, sizeof path, "%s/log", broker->folder);
  FILE *file = fopen(path, "r");
  int count = 0;
  while (file && fgets(line, sizeof line, file)) count += strstr(line, text) != NULL;
  if (file) fclose(file);
  return count;
}

bool real_broker_wait_log(const real_broker *broker, const char *text, int timeout_ms) {
  for (double end = now() + timeout_ms / 1e3; now() < end; usleep(5000))
    if (real_broker_logged(broker, text)) return true;
  return false;
}

const char *real_broker_file(const real_broker *broker, const char *name) {
  static _Thread_local char paths[4][128];
  static _Thread_local int next;
  char *path = paths[next++ % 4];
  snprintf(path, sizeof paths[0], "%s/%s", broker->folder, name);
  return path;
}

void real_broker_write(const real_broker *broker, const char *name, const char *text) {
  FILE *file = create_file(broker, name);
  fputs(text, file);
  fclose(file);
}

void real_broker_free(real_broker *broker) {
  real_broker_stop(broker);
  DIR *folder = opendir(broker->folder);
  for (struct dirent *entry; folder && (entry = readdir(folder));)
    if (entry->d_name[0] != '.') unlink(real_broker_file(broker, entry->d_name));
  if (folder) closedir(folder);
  rmdir(broker->folder);
}

/* ---- a client ----------------------------------------------------------------------------- */

struct listener {
  struct mosquitto *client;
  bool is_connected, is_done; /* subscribed, or as many acknowledged as were wanted */
  int wanted;
  bool retained;
  char *payloads[64]; /* not yet taken */
  bool flags[64];
  int count;
  char *taken;
};

static void on_connect(struct mosquitto *client, void *context, int code) {
  (void)client;
  ((listener *)context)->is_connected = code == 0;
}

static void on_subscribe(struct mosquitto *client, void *context, int mid, int count,
                         const int *granted) {
  (void)client, (void)mid;
  ((listener *)context)->is_done = count == 1 && granted[0] <= 2;
}

static void on_publish(struct mosquitto *client, void *context, int mid) {
  (void)client, (void)mid;
  listener *self = context;
  self->is_done = --self->wanted <= 0;
}

static void on_message(struct mosquitto *client, void *context,
                       const struct mosquitto_message *message) {
  (void)client;
  listener *self = context;
  if (self->count == 64) return;
  char *copy = calloc(1, (size_t)message->payloadlen + 1);
  if (message->payloadlen) memcpy(copy, message->payload, (size_t)message->payloadlen);
  self->flags[self->count] = message->retain;
  self->payloads[self->count++] = copy;
}

static bool loop_until(listener *self, const bool *flag, int timeout_ms) {
  for (double end = now() + timeout_ms / 1e3; !*flag && now() < end;)
    if (mosquitto_loop(self->client, 10, 1) != MOSQ_ERR_SUCCESS) break;
  return *flag;
}

static listener *connect_client(const real_broker *broker, const char *id) {
  listener *self = calloc(1, sizeof *self);
  mosquitto_lib_init();
  self->client = mosquitto_new(id, true, self);
  mosquitto_connect_callback_set(self->client, on_connect);
  mosquitto_subscribe_callback_set(self->client, on_subscribe);
  mosquitto_publish_callback_set(self->client, on_publish);
  mosquitto_message_callback_set(self->client, on_message);
  if (mosquitto_connect(self->client, "127.0.0.1", broker->port, 60) == MOSQ_ERR_SUCCESS &&
      loop_until(self, &self->is_connected, 60000))
    return self;
  listener_free(self);
  return NULL;
}

bool publish_bytes(const real_broker *broker, const char *topic, const void *payload, size_t size,
                   bool retain) {
  listener *self = connect_client(broker, NULL);
  if (!self) return false;
  mosquitto_publish(self->client, NULL, topic, (int)size, payload, 1, retain);
  bool good = loop_until(self, &self->is_done, 60000);
  listener_free(self);
  return good;
}

bool publish(const real_broker *broker, const char *topic, const char *payload, bool retain) {
  return publish_bytes(broker, topic, payload, strlen(payload), retain);
}

bool publish_range(const real_broker *broker, const char *topic, int count, const char *payload) {
  listener *self = connect_client(broker, NULL);
  if (!self) return false;
  self->wanted = count;
  for (int i = 0; i < count; i++) {
    char name[64];
    snprintf(name, sizeof name, topic, i);
    mosquitto_publish(self->client, NULL, name, (int)strlen(payload), payload, 1, false);
  }
  bool is_good = loop_until(self, &self->is_done, 30000);
  listener_free(self);
  return is_good;
}

listener *listener_new(const real_broker *broker, const char *topic) {
  return listener_named(broker, NULL, topic);
}

listener *listener_named(const real_broker *broker, const char *id, const char *topic) {
  listener *self = connect_client(broker, id);
  if (!self) return NULL;
  mosquitto_subscribe(self->client, NULL, topic, 2);
  if (loop_until(self, &self->is_done, 60000)) return self;
  listener_free(self);
  return NULL;
}

const char *listener_next(listener *self, int timeout_ms) {
  if (!self) return NULL;
  for (double end = now() + timeout_ms / 1e3; self->count == 0 && now() < end;)
    if (mosquitto_loop(self->client, 10, 1) != MOSQ_ERR_SUCCESS) break;
  if (self->count == 0) return NULL;
  free(self->taken);
  self->taken = self->payloads[0];
  self->retained = self->flags[0];
  self->count--;
  memmove(self->payloads, self->payloads + 1, (size_t)self->count * sizeof *self->payloads);
  memmove(self->flags, self->flags + 1, (size_t)self->count * sizeof *self->flags);
  return self->taken;
}

bool listener_retained(const listener *self) { return self->retained; }

void listener_free(listener *self) {
  if (!self) return;
  mosquitto_disconnect(self->client);
  mosquitto_destroy(self->client);
  mosquitto_lib_cleanup();
  for (int i = 0; i < self->count; i++) free(self->payloads[i]);
  free(self->taken);
  free(self);
}
