/* SPDX-License-Identifier: Apache-2.0
 *
 * Waiting: condition variables on CLOCK_MONOTONIC, eventfd, thread names.
 */
#ifndef SELVEDGE_SV_SYNC_H
#define SELVEDGE_SV_SYNC_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* The time of day (CLOCK_REALTIME, Unix) and CLOCK_MONOTONIC, in nanoseconds. */
int64_t sv_wall_ns(void);
int64_t sv_monotonic_ns(void);

/* Initialises `condition` to wait on CLOCK_MONOTONIC. Returns an errno, 0 for success. */
int sv_cond_init(pthread_cond_t *_Nonnull condition);

/* Waits until signalled or until `deadline_ns` (CLOCK_MONOTONIC). True if signalled (or woken for
 * no reason), false at the deadline. */
bool sv_cond_wait_until(pthread_cond_t *_Nonnull condition, pthread_mutex_t *_Nonnull mutex,
                        int64_t deadline_ns);

/* A non-blocking, close-on-exec eventfd, or -1 with errno. */
int sv_eventfd(void);

/* Makes the eventfd readable. Async-signal-safe. */
void sv_eventfd_raise(int fd);

/* Makes it unreadable again. */
void sv_eventfd_clear(int fd);

/* Sleeps, for loops that wait for another thread. */
void sv_sleep_ms(int milliseconds);

/* Bytes that a unix socket's send buffer holds, as the kernel counts them, and the size of the
 * buffer; 0 when that cannot be told. */
long sv_socket_unsent(int fd);
long sv_socket_send_buffer(int fd);

/* All threads allocate from one arena: a process with hundreds of threads, most of them waiting,
 * would else hold memory for each. Before the first thread. */
void sv_memory_one_arena(void);

/* Blocks of 512 KiB and more always come from the system and go back to it when they are freed:
 * else the C library keeps the large ones of a burst among small ones that stay. At the start. */
void sv_memory_return_large(void);

/* Gives memory that was freed back to the system, as far as whole pages are free. Takes
 * milliseconds where there is much. */
void sv_memory_trim(void);

/* Names the calling thread (15 characters) and blocks every signal in it but those that a fault of
 * its own raises. Gives it a stack of its own for signal handlers. */
void sv_thread_prepare(const char *_Nonnull name);

#endif
