/* SPDX-License-Identifier: Apache-2.0 */
#include "certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY (24L * 60 * 60)

static void require(int holds) {
  if (!holds) abort();
}

static FILE *open_file(const char *folder, const char *name, const char *ending, const char *mode) {
  char path[160];
  snprintf(path, sizeof path, "%s/%s.%s", folder, name, ending);
  FILE *file = fopen(path, mode);
  require(file != NULL);
  return file;
}

static void extend(X509 *certificate, X509 *issuer, int what, const char *value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, what, value);
  require(extension && X509_add_ext(certificate, extension, -1));
  X509_EXTENSION_free(extension);
}

static X509 *new_certificate(const char *name, EVP_PKEY *key, int from_days, int to_days) {
  X509 *certificate = X509_new();
  uint32_t serial = 0;
  require(certificate && RAND_bytes((unsigned char *)&serial, sizeof serial) == 1);
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), from_days * DAY);
  X509_gmtime_adj(X509_getm_notAfter(certificate), to_days * DAY);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             (const unsigned char *)name, -1, -1, 0);
  return certificate;
}

static void save(const char *folder, const char *name, X509 *certificate, EVP_PKEY *key,
                 const char *password) {
  FILE *file = open_file(folder, name, "crt", "w");
  require(PEM_write_X509(file, certificate));
  fclose(file);
  file = open_file(folder, name, "key", "w");
  const EVP_CIPHER *cipher = password ? EVP_aes_128_cbc() : NULL;
  require(PEM_write_PKCS8PrivateKey(file, key, cipher, password,
                                    password ? (int)strlen(password) : 0, NULL, NULL));
  fclose(file);
}

void make_authority(const char *folder, const char *name) {
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *certificate = new_certificate(name, key, -1, 30);
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  extend(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
  require(X509_sign(certificate, key, EVP_sha256()) > 0);
  save(folder, name, certificate, key, NULL);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

void make_certificate(const char *folder, const char *name, const char *authority,
                      const char *names, int from_days, int to_days, const char *password) {
  FILE *file = open_file(folder, authority, "crt", "r");
  X509 *issuer = PEM_read_X509(file, NULL, NULL, NULL);
  fclose(file);
  file = open_file(folder, authority, "key", "r");
  EVP_PKEY *issuer_key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
  fclose(file);
  EVP_PKEY *key = EVP_EC_gen("P-256");
  require(issuer && issuer_key && key);
  X509 *certificate = new_certificate(name, key, from_days, to_days);
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  if (names) extend(certificate, issuer, NID_subject_alt_name, names);
  require(X509_sign(certificate, issuer_key, EVP_sha256()) > 0);
  save(folder, name, certificate, key, password);
  X509_free(certificate);
  X509_free(issuer);
  EVP_PKEY_free(key);
  EVP_PKEY_free(issuer_key);
}

void make_server(const char *folder, const char *name, const char *authority) {
  make_certificate(folder, name, authority, "DNS:localhost,IP:127.0.0.1", -1, 30, NULL);
}
