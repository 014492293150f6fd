/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys: the settings that make a connection, and the files that they name.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mqtt.h"

#define URL_EXPECTED "tcp://HOST, tcp://HOST:PORT, mqtts://HOST or mqtts://HOST:PORT"
/* A password longer than that is none. */
#define SECRET_MAX 4096

static const char *const names[KEY_COUNT] = {
    [KEY_HOST] = "broker",
    [KEY_USERNAME] = "username",
    [KEY_USERNAME_FILE] = "usernameFile",
    [KEY_PASSWORD] = "password",
    [KEY_PASSWORD_FILE] = "passwordFile",
    [KEY_CLIENT_ID] = "clientID",
    [KEY_CA_FILE] = "caFile",
    [KEY_CA_PATH] = "caPath",
    [KEY_CERT_FILE] = "certFile",
    [KEY_KEY_FILE] = "keyFile",
    [KEY_KEY_PASSWORD_FILE] = "keyPasswordFile",
    [KEY_TLS_VERSION] = "tlsVersion",
    [KEY_WILL_TOPIC] = "willTopic",
    [KEY_WILL_PAYLOAD] = "willPayload",
    [KEY_BIRTH_PAYLOAD] = "birthPayload",
};

void key_free(broker_key *key) {
  for (int i = 0; i < KEY_COUNT; i++) free(key->texts[i]);
  *key = (broker_key){.port = 0};
}

bool key_is_same(const broker_key *a, const broker_key *b) {
  for (int i = 0; i < KEY_COUNT; i++) {
    const char *left = a->texts[i], *right = b->texts[i];
    if (!left != !right || (left && strcmp(left, right) != 0)) return false;
  }
  return a->port == b->port && a->is_tls == b->is_tls && a->is_unchecked == b->is_unchecked;
}

/* ---- the address -------------------------------------------------------------------------- */

bool key_parse_url(const char *url, broker_key *key) {
  static const struct {
    const char *text;
    bool is_tls;
  } schemes[] = {{"tcp://", false}, {"mqtt://", false}, {"mqtts://", true}, {"ssl://", true}};
  const char *host = NULL;
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
    size_t size = strlen(schemes[i].text);
    if (strncmp(url, schemes[i].text, size) != 0) continue;
    host = url + size;
    key->is_tls = schemes[i].is_tls;
  }
  if (!host) return false;
  const char *end;
  if (*host == '[') { /* an IPv6 address */
    end = strchr(++host, ']');
    if (!end || (end[1] && end[1] != ':')) return false;
  } else {
    end = host + strcspn(host, ":/");
  }
  size_t size = (size_t)(end - host);
  if (size == 0 || size > 253) return false;
  const char *port = *end == ']' ? end + 1 : end;
  long number = key->is_tls ? 8883 : 1883;
  if (*port == ':') {
    char *rest;
    if (port[1] < '0' || port[1] > '9') return false;
    number = strtol(port + 1, &rest, 10);
    port = rest;
  }
  if (*port || number < 1 || number > 65535) return false;
  key->port = (int)number;
  key->texts[KEY_HOST] = strndup(host, size);
  return key->texts[KEY_HOST] != NULL;
}

/* ---- settings ----------------------------------------------------------------------------- */

static mapper_status copy_texts(const mapper_settings *settings, broker_key *key) {
  for (int i = KEY_HOST + 1; i < KEY_COUNT; i++) {
    const char *text = mapper_find_text(settings, names[i], NULL);
    key->texts[i] = text ? strdup(text) : NULL;
    if (text && !key->texts[i]) return MAPPER_NO_MEMORY;
  }
  key->is_unchecked = mapper_find_bool(settings, "insecureSkipVerify", false);
  return MAPPER_OK;
}

/* Of two settings for the same thing, one. */
static mapper_status check_pair(const broker_key *key, const mapper_call *call, key_text direct,
                                key_text file) {
  if (!key->texts[direct] || !key->texts[file]) return MAPPER_OK;
  return mapper_failf(mqtt_api, call, MAPPER_INVALID, "settings %s and %s: expected one of them",
                      names[direct], names[file]);
}

static mapper_status check_credentials(const broker_key *key, const mapper_call *call) {
  mapper_status status = check_pair(key, call, KEY_USERNAME, KEY_USERNAME_FILE);
  if (status == MAPPER_OK) status = check_pair(key, call, KEY_PASSWORD, KEY_PASSWORD_FILE);
  if (status != MAPPER_OK) return status;
  int given = key->texts[KEY_PASSWORD]        ? KEY_PASSWORD
              : key->texts[KEY_PASSWORD_FILE] ? KEY_PASSWORD_FILE
                                              : KEY_COUNT;
  if (given != KEY_COUNT && !key->texts[KEY_USERNAME] && !key->texts[KEY_USERNAME_FILE])
    return mapper_failf(mqtt_api, call, MAPPER_INVALID,
                        "setting %s: expected username or usernameFile beside it", names[given]);
  const char *id = key->texts[KEY_CLIENT_ID];
  if (id && (!*id || mosquitto_validate_utf8(id, (int)strlen(id)) != 0))
    return mapper_failf(mqtt_api, call, MAPPER_INVALID,
                        "setting clientID: '%.200s': expected UTF-8 text that is not empty", id);
  return MAPPER_OK;
}

static mapper_status check_tls(const broker_key *key, const mapper_call *call) {
  for (int i = KEY_CA_FILE; i <= KEY_TLS_VERSION; i++) {
    bool is_default = i == KEY_TLS_VERSION; /* the host may fill it in */
    if (key->texts[i] && !key->is_tls && !is_default)
      return mapper_failf(mqtt_api, call, MAPPER_INVALID,
                          "setting %s: expected a broker mqtts://HOST beside it", names[i]);
  }
  if (key->is_unchecked && !key->is_tls)
    return mapper_failf(mqtt_api, call, MAPPER_INVALID,
                        "setting insecureSkipVerify: expected a broker mqtts://HOST beside it");
  if (key->texts[KEY_KEY_FILE] && !key->texts[KEY_CERT_FILE])
    return mapper_failf(mqtt_api, call, MAPPER_INVALID,
                        "setting keyFile: expected certFile beside it");
  if (key->texts[KEY_KEY_PASSWORD_FILE] && !key->texts[KEY_CERT_FILE])
    return mapper_failf(mqtt_api, call, MAPPER_INVALID,
                        "setting keyPasswordFile: expected certFile beside it");
  const char *version = key->texts[KEY_TLS_VERSION];
  if (version && strcmp(version, "1.2") != 0 && strcmp(version, "1.3") != 0)
    return mapper_failf(mqtt_api, call, MAPPER_INVALID,
                        "setting tlsVersion: '%.20s': expected \"1.2\" or \"1.3\"", version);
  return MAPPER_OK;
}

/* Without a topic the payloads mean nothing, and must not keep connections apart. */
static mapper_status check_will(broker_key *key, const mapper_call *call) {
  static const char *const words[] = {"offline", "online"};
  const char *topic = key->texts[KEY_WILL_TOPIC];
  if (topic && !is_topic(topic))
    return mapper_failf(mqtt_api, call, MAPPER_INVALID,
                        "setting willTopic: '%.200s': expected a topic without wildcards", topic);
  for (int i = KEY_WILL_PAYLOAD; i <= KEY_BIRTH_PAYLOAD; i++) {
    if (topic && key->texts[i]) continue;
    free(key->texts[i]);
    key->texts[i] = topic ? strdup(words[i - KEY_WILL_PAYLOAD]) : NULL;
    if (topic && !key->texts[i]) return MAPPER_NO_MEMORY;
  }
  return MAPPER_OK;
}

mapper_status key_take(const mapper_settings *settings, const mapper_call *call, broker_key *key) {
  *key = (broker_key){.port = 0};
  const char *url = mapper_find_text(settings, "broker", "tcp://127.0.0.1:1883");
  if (!key_parse_url(url, key))
    return mapper_failf(mqtt_api, call, MAPPER_INVALID,
                        "setting broker: '%.200s': expected " URL_EXPECTED, url);
  mapper_status status = copy_texts(settings, key);
  if (status == MAPPER_OK) status = check_credentials(key, call);
  if (status == MAPPER_OK) status = check_tls(key, call);
  if (status == MAPPER_OK) status = check_will(key, call);
  if (status != MAPPER_OK) key_free(key);
  return status;
}

/* ---- files -------------------------------------------------------------------------------- */

/* The first line of a file. Null, with errno. */
static char *read_line(const char *path) {
  struct stat about;
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return NULL;
  char *text = malloc(SECRET_MAX + 1);
  ssize_t size = -1;
  if (text && fstat(file, &about) == 0) {
    errno = S_ISREG(about.st_mode) ? 0 : EINVAL; /* a pipe would block, or give it once */
    if (!errno) size = read(file, text, SECRET_MAX);
  }
  int error = errno;
  close(file);
  errno = error;
  if (size < 0) {
    free(text);
    return NULL;
  }
  text[size] = 0;
  text[strcspn(text, "\r\n")] = 0;
  return text;
}

bool key_secret(const broker_key *key, key_text direct, key_text file, char **secret, char *text) {
  const char *given = direct == KEY_COUNT ? NULL : key->texts[direct], *path = key->texts[file];
  *secret = NULL;
  if (!given && !path) return true;
  *secret = given ? strdup(given) : read_line(path);
  if (*secret) return true;
  snprintf(text, TEXT_MAX, "setting %s: '%.120s': %s", names[given ? direct : file],
           given ? "" : path, strerror(errno));
  return false;
}
