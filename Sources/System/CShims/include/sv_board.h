/* SPDX-License-Identifier: Apache-2.0
 *
 * The call board: a page shared by a runner and its host, where each lane thread notes what it
 * calls. It outlives the runner, so that the host can say in which call, for which device, a driver
 * died.
 */
#ifndef SELVEDGE_SV_BOARD_H
#define SELVEDGE_SV_BOARD_H

#include <stdint.h>

#define SV_BOARD_SLOTS 257

typedef struct sv_board sv_board;

/* What a slot holds at one moment. */
typedef struct sv_board_entry {
  uint32_t session;
  uint32_t function;  /* 0: in no call */
  int64_t started_ns; /* CLOCK_MONOTONIC */
  /* When the driver must be back, CLOCK_MONOTONIC; 0: the call has no deadline of its own. */
  int64_t deadline_ns;
} sv_board_entry;

/* Makes an anonymous shared file for a board; -1 with errno. */
int sv_board_create(void);

/* Maps a board; null with errno. `size` of the file is checked. */
sv_board *_Nullable sv_board_map(int fd);
void sv_board_unmap(sv_board *_Nonnull board);

/* The calling thread owns `slot` from now on (-1: none). */
void sv_board_take_slot(sv_board *_Nonnull board, int slot);

/* Notes that the calling thread enters or leaves a call of a driver; `session` 0: of no device. */
void sv_board_enter(uint32_t session, uint32_t function, int64_t now_ns, int64_t deadline_ns);
void sv_board_leave(void);

sv_board_entry sv_board_read(const sv_board *_Nonnull board, int slot);

/* Which slot's thread took the process down, and -1 if none is known. */
int sv_board_fault_slot(const sv_board *_Nonnull board);

/* From now on a fatal signal or an exit() of a thread with a slot is noted before the process ends.
 */
void sv_board_watch_faults(sv_board *_Nonnull board);

#endif
