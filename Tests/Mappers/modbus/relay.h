/* SPDX-License-Identifier: Apache-2.0
 *
 * A gateway that passes bytes on between a TCP connection and a serial port, as cheap ones do: what
 * goes over TCP are the frames of the serial line.
 */
#ifndef TESTS_MODBUS_RELAY_H
#define TESTS_MODBUS_RELAY_H

typedef struct relay relay;

relay *relay_start(const char *port_path);
void relay_stop(relay *relay);
int relay_port(const relay *relay);
/* Ends the connection that there is. */
void relay_hang_up(relay *relay);

#endif
