/* SPDX-License-Identifier: Apache-2.0
 *
 * SIGINT, SIGTERM and SIGHUP as a descriptor. Blocking them would not do: the Swift runtime's main
 * thread waits with an empty mask.
 */
#ifndef SELVEDGE_SV_SIGNALS_H
#define SELVEDGE_SV_SIGNALS_H

/* Catches SIGINT, SIGTERM and SIGHUP and ignores SIGPIPE from now on. Returns a blocking descriptor
 * from which the number of each signal can be read as one byte, or -1 with errno. A second SIGINT
 * or SIGTERM ends the process at once. Once a process. */
int sv_signals_watch(void);

#endif
