/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS against a real broker: what is trusted, what is not, and the words for it.
 */
#define _GNU_SOURCE
#include <unistd.h>

#include "certificates.h"
#include "rig.h"

/* A broker with a CA, a server certificate "server" for localhost and 127.0.0.1, and a client
 * certificate "client". */
static bool start(real_broker *broker, bool wants_certificate) {
  real_broker_prepare(broker);
  make_authority(broker->folder, "ca");
  make_server(broker->folder, "server", "ca");
  make_certificate(broker->folder, "client", "ca", NULL, -1, 30, NULL);
  return real_broker_run_tls(broker, "server", wants_certificate);
}

/* Opens a device with the settings, in which %s is the broker's folder, and takes its text. */
static const char *open_text(const real_broker *broker, const char *url, const char *format,
                             mapper_status expected) {
  static char text[512];
  char settings[400];
  size_t size = 0;
  for (const char *at = format; *at && size < sizeof settings - 80;) {
    if (strncmp(at, "%s", 2) == 0) {
      size += (size_t)sprintf(settings + size, "%s", broker->folder);
      at += 2;
    } else {
      settings[size++] = *at++;
    }
  }
  settings[size] = 0;
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a");
  CHECK_INT(rig_bind(&rig, url, settings), MAPPER_OK);
  CHECK_INT(fake_device_open(&rig.device, 60000), expected);
  snprintf(text, sizeof text, "%s", fake_call_text(rig.device.call));
  if (expected == MAPPER_OK) {
    CHECK(publish(broker, "a", "1", false));
    CHECK(rig_wait_status(&rig, 0, MAPPER_OK, 60000));
  }
  rig_close(&rig);
  return text;
}

static const char *failure(const real_broker *broker, const char *text) {
  static char whole[512];
  snprintf(whole, sizeof whole, "no connection to broker localhost:%d: %s", broker->tls_port, text);
  return whole;
}

TEST(a_broker_with_a_known_ca_is_trusted) {
  real_broker broker;
  REQUIRE(start(&broker, false));
  CHECK_TEXT(open_text(&broker, broker.tls_url, "caFile: %s/ca.crt", MAPPER_OK), "");
  CHECK_TEXT(
      open_text(&broker, broker.tls_url, "caFile: %s/ca.crt, tlsVersion: \"1.3\"", MAPPER_OK), "");
  char url[64];
  snprintf(url, sizeof url, "mqtts://127.0.0.1:%d", broker.tls_port);
  CHECK_TEXT(open_text(&broker, url, "caFile: %s/ca.crt", MAPPER_OK), "");
  real_broker_free(&broker);
}

TEST(a_broker_with_an_unknown_ca_is_refused) {
  real_broker broker;
  char expected[300];
  REQUIRE(start(&broker, false));
  make_authority(broker.folder, "other");
  snprintf(expected, sizeof expected,
           "its certificate is not from a CA that is trusted (setting caFile or caPath: "
           "%s/other.crt)",
           broker.folder);
  CHECK_TEXT(open_text(&broker, broker.tls_url, "caFile: %s/other.crt", MAPPER_DENIED),
             failure(&broker, expected));
  CHECK_TEXT(open_text(&broker, broker.tls_url, "", MAPPER_DENIED),
             failure(&broker, "its certificate is not from a CA that is trusted (the system's, "
                              "without setting caFile)"));
  CHECK_TEXT(open_text(&broker, broker.tls_url, "insecureSkipVerify: true", MAPPER_OK), "");
  real_broker_free(&broker);
}

TEST(a_certificate_for_another_name_or_time_is_refused) {
  static const struct {
    const char *name, *names;
    int from_days, to_days;
    const char *text;
  } cases[] = {
      {"elsewhere", "DNS:press.plant,IP:10.0.0.7", -1, 30,
       "its certificate is for press.plant, 10.0.0.7"},
      {"nameless", NULL, -1, 30, "its certificate is for no name"},
      {"old", "DNS:localhost", -30, -1, "its certificate has expired on 20"},
      {"new", "DNS:localhost", 2, 30, "its certificate is not valid before 20"},
  };
  real_broker broker;
  real_broker_prepare(&broker);
  make_authority(broker.folder, "ca");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    make_certificate(broker.folder, cases[i].name, "ca", cases[i].names, cases[i].from_days,
                     cases[i].to_days, NULL);
    REQUIRE(real_broker_run_tls(&broker, cases[i].name, false));
    const char *text = open_text(&broker, broker.tls_url, "caFile: %s/ca.crt", MAPPER_DENIED);
    const char *expected = failure(&broker, cases[i].text);
    if (!CHECK(strncmp(text, expected, strlen(expected)) == 0)) printf("  found %s\n", text);
    CHECK_TEXT(open_text(&broker, broker.tls_url, "insecureSkipVerify: true", MAPPER_OK), "");
    real_broker_stop(&broker);
  }
  real_broker_free(&broker);
}

TEST(a_broker_may_want_a_certificate) {
  real_broker broker;
  REQUIRE(start(&broker, true));
  make_certificate(broker.folder, "locked", "ca", NULL, -1, 30, "s3cret");
  make_certificate(broker.folder, "late", "ca", NULL, -30, -1, NULL);
  make_authority(broker.folder, "other");
  make_certificate(broker.folder, "stranger", "other", NULL, -1, 30, NULL);
  real_broker_write(&broker, "password", "s3cret\n");
  real_broker_write(&broker, "wrong", "secret\n");
#define CA "caFile: %s/ca.crt, "
  CHECK_TEXT(open_text(&broker, broker.tls_url,
                       CA "certFile: %s/client.crt, keyFile: %s/client.key", MAPPER_OK),
             "");
  CHECK_TEXT(open_text(&broker, broker.tls_url,
                       CA "certFile: %s/locked.crt, keyFile: %s/locked.key, keyPasswordFile: "
                          "%s/password",
                       MAPPER_OK),
             "");
  CHECK_TEXT(open_text(&broker, broker.tls_url, "caFile: %s/ca.crt", MAPPER_DENIED),
             failure(&broker, "it wants a client certificate (setting certFile)"));
  CHECK_TEXT(open_text(&broker, broker.tls_url,
                       CA "certFile: %s/stranger.crt, keyFile: %s/stranger.key", MAPPER_DENIED),
             failure(&broker, "it does not know the CA of our certificate (setting certFile)"));
  CHECK_TEXT(open_text(&broker, broker.tls_url, CA "certFile: %s/late.crt, keyFile: %s/late.key",
                       MAPPER_DENIED),
             failure(&broker, "our certificate has expired (setting certFile)"));
  real_broker_free(&broker);
}

TEST(files_that_are_no_good_are_named) {
  static const struct {
    const char *settings, *text; /* @ is the broker's folder */
  } cases[] = {
      {"caFile: %s/none.crt", "setting caFile: '@/none.crt': No such file or directory"},
      {"caFile: %s/text", "setting caFile: '@/text': no certificate or crl found"},
      {"caPath: %s/text", "setting caPath: '@/text': expected a folder of CA certificates"},
      {CA "certFile: %s/none", "setting certFile: '@/none': No such file or directory"},
      {CA "certFile: %s/text, keyFile: %s/client.key", "setting certFile: '@/text': no start line"},
      {CA "certFile: %s/client.crt, keyFile: %s/none",
       "setting keyFile: '@/none': No such file or directory"},
      {CA "certFile: %s/client.crt, keyFile: %s/server.key",
       "setting keyFile: '@/server.key': it is not the key of certFile"},
      {CA "certFile: %s/client.crt, keyFile: %s/locked.key",
       "setting keyFile: '@/locked.key': it is locked: expected its password in "
       "keyPasswordFile"},
      {CA "certFile: %s/locked.crt, keyFile: %s/locked.key, keyPasswordFile: %s/text",
       "setting keyFile: '@/locked.key': it is locked: expected its password in "
       "keyPasswordFile"},
      {CA "certFile: %s/client.crt, keyFile: %s/client.key, keyPasswordFile: %s/none",
       "setting keyPasswordFile: '@/none': No such file or directory"},
      {CA "username: u, passwordFile: %s/none",
       "setting passwordFile: '@/none': No such file or directory"},
      {CA "usernameFile: %s", "setting usernameFile: '@': Invalid argument"},
  };
  real_broker broker;
  REQUIRE(start(&broker, false));
  make_certificate(broker.folder, "locked", "ca", NULL, -1, 30, "s3cret");
  real_broker_write(&broker, "text", "no certificate\n");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char expected[300];
    const char *at = strchr(cases[i].text, '@');
    snprintf(expected, sizeof expected, "%.*s%s%s", (int)(at - cases[i].text), cases[i].text,
             broker.folder, at + 1);
    CHECK_TEXT(open_text(&broker, broker.tls_url, cases[i].settings, MAPPER_INVALID),
               failure(&broker, expected));
  }
  CHECK_INT(real_broker_logged(&broker, "selvedge-"), 0); /* none was tried */
  real_broker_free(&broker);
}

TEST(files_are_read_for_each_connection) {
  real_broker broker;
  char settings[300];
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a");
  REQUIRE(start(&broker, true));
  snprintf(settings, sizeof settings, "caFile: %s/ca.crt, certFile: %s/mine, keyFile: %s/mine.key",
           broker.folder, broker.folder, broker.folder);
  CHECK_INT(rig_bind(&rig, broker.tls_url, settings), MAPPER_OK);
  CHECK_INT(fake_device_open(&rig.device, 20000), MAPPER_INVALID);
  CHECK(link(real_broker_file(&broker, "client.crt"), real_broker_file(&broker, "mine")) == 0);
  CHECK(link(real_broker_file(&broker, "client.key"), real_broker_file(&broker, "mine.key")) == 0);
  CHECK_INT(fake_device_open(&rig.device, 20000), MAPPER_OK);
  rig_close(&rig);
  real_broker_free(&broker);
}

TEST(passwords_may_be_in_files) {
  real_broker broker;
  char settings[300];
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_I64, "topic: a");
  REQUIRE(real_broker_start(&broker, "press", "s3cret"));
  real_broker_write(&broker, "user", "press\n");
  real_broker_write(&broker, "password", "wrong\r\n");
  snprintf(settings, sizeof settings, "usernameFile: %s/user, passwordFile: %s/password",
           broker.folder, broker.folder);
  CHECK_INT(rig_bind(&rig, broker.url, settings), MAPPER_OK);
  CHECK_INT(fake_device_open(&rig.device, 20000), MAPPER_DENIED);
  real_broker_write(&broker, "password", "s3cret\r\nanother line\n");
  CHECK_INT(fake_device_open(&rig.device, 20000), MAPPER_OK);
  CHECK_INT(fake_host_logged(rig.host, "s3cret"), 0);
  rig_close(&rig);
  real_broker_free(&broker);
}

TEST(a_plain_port_is_told_from_tls) {
  real_broker broker;
  char url[64], text[200];
  REQUIRE(start(&broker, false));
  snprintf(url, sizeof url, "mqtts://localhost:%d", broker.port);
  const char *found = open_text(&broker, url, "caFile: %s/ca.crt", MAPPER_UNAVAILABLE);
  snprintf(text, sizeof text, "no connection to broker localhost:%d: ", broker.port);
  CHECK(strncmp(found, text, strlen(text)) == 0);
  snprintf(url, sizeof url, "tcp://localhost:%d", broker.tls_port);
  open_text(&broker, url, "", MAPPER_UNAVAILABLE);
  real_broker_free(&broker);
}

TEST(a_connection_over_tls_carries_much_and_comes_back) {
  real_broker broker;
  char settings[160];
  static char large[300001];
  rig rig = {0};
  fake_points_add(&rig.points, "a", MAPPER_TYPE_TEXT, "topic: a, setTopic: a");
  REQUIRE(start(&broker, false));
  snprintf(settings, sizeof settings, "caFile: %s/ca.crt", broker.folder);
  REQUIRE(rig_open(&rig, broker.tls_url, settings));
  CHECK_INT(rig_subscribe(&rig, 0), MAPPER_OK);
  memset(large, 'x', sizeof large - 1);
  CHECK_INT(rig_write(&rig, 0, text_value(large), 20000), MAPPER_OK);
  CHECK(fake_host_wait_reports(rig.host, 1, 20000));
  CHECK(is_text(fake_host_report(rig.host, 0).value, large));
  real_broker_stop(&broker);
  CHECK(fake_host_wait_link(rig.host, rig.device.token, MAPPER_LINK_DOWN, 60000));
  REQUIRE(real_broker_again(&broker));
  CHECK(fake_host_wait_link(rig.host, rig.device.token, MAPPER_LINK_UP, 60000));
  CHECK(publish(&broker, "a", "again", false));
  CHECK(fake_host_wait_reports(rig.host, 2, 60000));
  rig_close(&rig);
  real_broker_free(&broker);
}
