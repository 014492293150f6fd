/* SPDX-License-Identifier: Apache-2.0
 *
 * The clock, the threads and the end of a process, for tests.
 */
#ifndef TESTS_PROCESS_H
#define TESTS_PROCESS_H

/* Milliseconds that never go back. */
double now_ms(void);

/* How many threads there are beside the first, -1 when that cannot be read. *blocking is how many
 * of them block SIGINT, SIGTERM and SIGPIPE, which are the host's to take. */
int other_threads(int *blocking);

/* Lets `body` run in a process of its own and returns how that ended, or -1 when it was still there
 * after `limit_ms` (then it is killed). A body that comes back ends with 92. */
int end_of(void (*body)(const char *), const char *argument, int limit_ms);

#endif
