/* SPDX-License-Identifier: Apache-2.0
 *
 * Makes certificates for tests, with keys of their own.
 */
#ifndef TESTS_MQTT_CERTIFICATES_H
#define TESTS_MQTT_CERTIFICATES_H

#include <stdbool.h>

/* Writes folder/name.crt and folder/name.key: a CA of its own. */
void make_authority(const char *folder, const char *name);

/* The same for a certificate that `authority` of the folder signs. `names` is who it is for
 * ("DNS:localhost,IP:127.0.0.1"), or null for a client. It is valid from so many days from now, and
 * so many days to now; negative: before. The password, if any, locks the key. */
void make_certificate(const char *folder, const char *name, const char *authority,
                      const char *names, int from_days, int to_days, const char *password);

/* localhost and 127.0.0.1, valid now. */
void make_server(const char *folder, const char *name, const char *authority);

#endif
