/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS: a context made out of the files that the key names, and words for what goes wrong.
 *
 * libmosquitto takes the context as it is. We make it ourselves since the library compares the
 * certificate with the address that it connects to, which here is always numeric, and since it says
 * no more of a failure than that there was one.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "mqtt.h"

static bool is_address(const char *host) {
  uint8_t address[16];
  return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* ---- what went wrong ---------------------------------------------------------------------- */

static void complain(mqtt_broker *broker, const char *format, ...) MAPPER_PRINTF(2, 3);
static void complain(mqtt_broker *broker, const char *format, ...) {
  if (broker->reason[0]) return; /* what came first is the cause */
  broker->reason_status = MAPPER_DENIED;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(broker->reason, sizeof broker->reason, format, arguments);
  va_end(arguments);
}

/* OpenSSL's own words for the first error since its list was cleared: later ones only say in what
 * that ended. */
static const char *first_error(void) {
  unsigned long code = ERR_peek_error();
  const char *text = code ? ERR_reason_error_string(code) : NULL;
  return text ? text : "it cannot be used";
}

static void complain_of_file(mqtt_broker *broker, const char *setting, const char *path) {
  struct stat about;
  const char *why = stat(path, &about) == 0 ? first_error() : strerror(errno);
  complain(broker, "setting %s: '%.120s': %s", setting, path, why);
}

static void print_time(const ASN1_TIME *time, char text[32]) {
  struct tm parts = {0};
  if (!ASN1_TIME_to_tm(time, &parts) || !strftime(text, 32, "%Y-%m-%d %H:%M UTC", &parts))
    strcpy(text, "an unknown time");
}

/* Left as it is when it has not the size of an address: nobody has checked the certificate yet. */
static void print_address(const ASN1_STRING *address, char *text, socklen_t capacity) {
  int size = ASN1_STRING_length(address);
  if (size == 4 || size == 16)
    inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), text, capacity);
}

/* The names that a certificate is for: "a, b". */
static void print_names(X509 *certificate, char *text, size_t capacity) {
  GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
  size_t size = 0;
  text[0] = 0;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names) && size < capacity; i++) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
    char word[INET6_ADDRSTRLEN] = "?";
    const char *shown = word;
    if (name->type == GEN_DNS)
      shown = (const char *)ASN1_STRING_get0_data(name->d.dNSName);
    else if (name->type == GEN_IPADD)
      print_address(name->d.iPAddress, word, sizeof word);
    int written = snprintf(text + size, capacity - size, "%s%.60s", size ? ", " : "", shown);
    size += written > 0 ? (size_t)written : 0;
  }
  GENERAL_NAMES_free(names);
  if (!text[0]) snprintf(text, capacity, "no name");
}

static void explain_refusal(mqtt_broker *broker, int error, X509 *certificate) {
  char text[128];
  const char *ca = broker->key.texts[KEY_CA_FILE];
  if (!ca) ca = broker->key.texts[KEY_CA_PATH];
  switch (error) {
  case X509_V_ERR_CERT_HAS_EXPIRED:
    print_time(X509_get0_notAfter(certificate), text);
    complain(broker, "its certificate has expired on %s", text);
    break;
  case X509_V_ERR_CERT_NOT_YET_VALID:
    print_time(X509_get0_notBefore(certificate), text);
    complain(broker, "its certificate is not valid before %s", text);
    break;
  case X509_V_ERR_HOSTNAME_MISMATCH:
  case X509_V_ERR_IP_ADDRESS_MISMATCH:
    print_names(certificate, text, sizeof text);
    complain(broker, "its certificate is for %s", text);
    break;
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
  case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
  case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
  case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    complain(broker, "its certificate is not from a CA that is trusted (%s%.100s)",
             ca ? "setting caFile or caPath: " : "the system's, without setting caFile",
             ca ? ca : "");
    break;
  default:
    complain(broker, "its certificate is refused: %s", X509_verify_cert_error_string(error));
  }
}

/* What the broker says of us. */
static void explain_alert(mqtt_broker *broker, int code) {
  const char *text;
  bool has_certificate = broker->key.texts[KEY_CERT_FILE] != NULL;
  switch (code) {
  case SSL_AD_CLOSE_NOTIFY:
    return;
  case SSL_AD_HANDSHAKE_FAILURE:
    text = has_certificate
               ? "it refused the handshake"
               : "it refused the handshake: it may want a client certificate (certFile)";
    break;
  case 116: /* certificate_required, of TLS 1.3 */
    text = "it wants a client certificate (setting certFile)";
    break;
  case SSL_AD_BAD_CERTIFICATE:
    text = "it refused our certificate (setting certFile)";
    break;
  case SSL_AD_UNKNOWN_CA:
    text = "it does not know the CA of our certificate (setting certFile)";
    break;
  case SSL_AD_CERTIFICATE_EXPIRED:
    text = "our certificate has expired (setting certFile)";
    break;
  case SSL_AD_CERTIFICATE_REVOKED:
    text = "our certificate is revoked (setting certFile)";
    break;
  case SSL_AD_PROTOCOL_VERSION:
    text = "it has no TLS version that we take (tlsVersion)";
    break;
  default:
    complain(broker, "it refused TLS: alert %d", code);
    return;
  }
  complain(broker, "%s", text);
}

void tls_logged(mqtt_broker *broker, const char *text) {
  if (strncmp(text, "OpenSSL Error", 13) != 0) return;
  if (broker->reason[0]) return;
  const char *last = strrchr(text, ':');
  if (strstr(text, "wrong version number"))
    complain(broker, "it does not speak TLS on this port");
  else
    complain(broker, "TLS: %.200s", last ? last + 1 : text);
  broker->reason_status = MAPPER_UNAVAILABLE;
}

/* ---- callbacks ---------------------------------------------------------------------------- */

static mqtt_broker *broker_of(const SSL *ssl) { return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)); }

static int on_verify(int is_good, X509_STORE_CTX *store) {
  const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
  if (!is_good)
    explain_refusal(broker_of(ssl), X509_STORE_CTX_get_error(store),
                    X509_STORE_CTX_get_current_cert(store));
  return is_good;
}

static void on_info(const SSL *ssl, int what, int value) {
  mqtt_broker *broker = broker_of(ssl);
  if (what & SSL_CB_HANDSHAKE_START) {
    /* The name that was asked for; libmosquitto has put the numeric address there. */
    const char *host = broker->key.texts[KEY_HOST];
    char *name = is_address(host) ? NULL : (char *)(uintptr_t)host;
    SSL_set_tlsext_host_name((SSL *)(uintptr_t)ssl, name);
  }
  if ((what & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT) explain_alert(broker, value & 0xff);
}

/* The password of a key, and whether the key has one. */
typedef struct key_password {
  char *text; /* or null */
  bool is_wanted;
} key_password;

/* Without it OpenSSL would ask at the terminal. */
static int on_password(char *room, int capacity, int is_writing, void *context) {
  (void)is_writing;
  key_password *password = context;
  password->is_wanted = true;
  size_t size = password->text ? strlen(password->text) : 0;
  if (size == 0 || size > (size_t)capacity) return -1;
  memcpy(room, password->text, size);
  return (int)size;
}

/* ---- the context -------------------------------------------------------------------------- */

static bool load_authorities(mqtt_broker *broker, SSL_CTX *context) {
  const char *file = broker->key.texts[KEY_CA_FILE], *path = broker->key.texts[KEY_CA_PATH];
  struct stat about;
  if (!file && !path) return SSL_CTX_set_default_verify_paths(context) == 1;
  ERR_clear_error();
  if (file && SSL_CTX_load_verify_locations(context, file, NULL) != 1) {
    complain_of_file(broker, "caFile", file);
    return false;
  }
  if (path && (stat(path, &about) != 0 || !S_ISDIR(about.st_mode))) {
    complain(broker, "setting caPath: '%.120s': expected a folder of CA certificates", path);
    return false;
  }
  return !path || SSL_CTX_load_verify_locations(context, NULL, path) == 1;
}

static void complain_of_key(mqtt_broker *broker, const char *path, bool is_locked) {
  const char *setting = broker->key.texts[KEY_KEY_FILE] ? "keyFile" : "certFile";
  unsigned long error = ERR_peek_error();
  if (ERR_GET_LIB(error) == ERR_LIB_X509 && ERR_GET_REASON(error) == X509_R_KEY_VALUES_MISMATCH)
    complain(broker, "setting %s: '%.100s': it is not the key of certFile", setting, path);
  else if (is_locked)
    complain(broker, "setting %s: '%.80s': it is locked: expected its password in keyPasswordFile",
             setting, path);
  else
    complain_of_file(broker, setting, path);
}

static bool load_key(mqtt_broker *broker, SSL_CTX *context) {
  const char *path = broker->key.texts[KEY_KEY_FILE];
  if (!path) path = broker->key.texts[KEY_CERT_FILE]; /* both in one file */
  key_password password = {0};
  if (!key_secret(&broker->key, KEY_COUNT, KEY_KEY_PASSWORD_FILE, &password.text, broker->reason))
    return false;
  SSL_CTX_set_default_passwd_cb(context, on_password);
  SSL_CTX_set_default_passwd_cb_userdata(context, &password);
  ERR_clear_error();
  bool is_loaded = SSL_CTX_use_PrivateKey_file(context, path, SSL_FILETYPE_PEM) == 1;
  SSL_CTX_set_default_passwd_cb_userdata(context, NULL);
  if (!is_loaded) complain_of_key(broker, path, password.is_wanted);
  if (password.text) explicit_bzero(password.text, strlen(password.text));
  free(password.text);
  return is_loaded;
}

static bool load_certificate(mqtt_broker *broker, SSL_CTX *context) {
  const char *path = broker->key.texts[KEY_CERT_FILE];
  if (!path) return true;
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, path) != 1) {
    complain_of_file(broker, "certFile", path);
    return false;
  }
  return load_key(broker, context);
}

/* The certificate has to be for the name that the user wrote. */
static bool set_checks(mqtt_broker *broker, SSL_CTX *context) {
  const char *host = broker->key.texts[KEY_HOST], *version = broker->key.texts[KEY_TLS_VERSION];
  bool is_newest = version && strcmp(version, "1.3") == 0;
  SSL_CTX_set_min_proto_version(context, is_newest ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_info_callback(context, on_info);
  if (broker->key.is_unchecked) {
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    return true;
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, on_verify);
  X509_VERIFY_PARAM *checks = SSL_CTX_get0_param(context);
  return is_address(host) ? X509_VERIFY_PARAM_set1_ip_asc(checks, host) == 1
                          : X509_VERIFY_PARAM_set1_host(checks, host, 0) == 1;
}

bool tls_prepare(mqtt_broker *broker) {
  if (!broker->key.is_tls) return true;
  ERR_clear_error();
  SSL_CTX *context = SSL_CTX_new(TLS_client_method());
  if (context) SSL_CTX_set_app_data(context, broker);
  bool is_good = context && load_authorities(broker, context) &&
                 load_certificate(broker, context) && set_checks(broker, context);
  if (is_good) {
    mosquitto_int_option(broker->client, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0);
    is_good = mosquitto_void_option(broker->client, MOSQ_OPT_SSL_CTX, context) == MOSQ_ERR_SUCCESS;
  }
  if (!is_good) complain(broker, "TLS cannot be prepared: %s", first_error());
  ERR_clear_error();
  SSL_CTX_free(context); /* the client has its own reference */
  return is_good;
}

bool tls_is_shaking(mqtt_broker *broker, short *events) {
  if (!broker->key.is_tls) return false;
  SSL *ssl = mosquitto_ssl_get(broker->client);
  if (!ssl || !SSL_in_init(ssl) || SSL_want_nothing(ssl)) return false; /* or not yet begun */
  *events = SSL_want_write(ssl) ? POLLOUT : POLLIN;
  return true;
}
