/* SPDX-License-Identifier: Apache-2.0
 *
 * A pseudo terminal: a serial line without a port.
 */
#ifndef SELVEDGE_SV_PTY_H
#define SELVEDGE_SV_PTY_H

#include <stddef.h>

/* Makes a line that hands on bytes as they are. *near is the end of whoever plays the device; *far
 * is the other one, held open so that the line does not break while nobody else has it; `path` is
 * where others open it, NUL-terminated. Returns 0 or an errno. */
int sv_pty_open(int *near, int *far, char *path, size_t capacity);

#endif
