/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "sv_board.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct slot {
  _Atomic uint32_t session;
  _Atomic uint32_t function;
  _Atomic int64_t started_ns;
  _Atomic int64_t deadline_ns;
} slot;

struct sv_board {
  _Atomic int32_t fault_slot; /* one more than the slot; 0: none */
  uint32_t reserved;
  slot slots[SV_BOARD_SLOTS];
};

static sv_board *watched;
static _Thread_local sv_board *own_board;
static _Thread_local int own_slot = -1;

int sv_board_create(void) {
  int fd = memfd_create("selvedge-board", MFD_CLOEXEC);
  if (fd < 0) return -1;
  if (ftruncate(fd, sizeof(sv_board)) != 0) {
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
  }
  return fd;
}

sv_board *sv_board_map(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) return NULL;
  if (status.st_size < (off_t)sizeof(sv_board)) {
    errno = EINVAL;
    return NULL;
  }
  void *memory = mmap(NULL, sizeof(sv_board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

void sv_board_unmap(sv_board *board) { munmap(board, sizeof(sv_board)); }

void sv_board_take_slot(sv_board *board, int index) {
  own_board = board;
  own_slot = index >= 0 && index < SV_BOARD_SLOTS ? index : -1;
}

void sv_board_enter(uint32_t session, uint32_t function, int64_t now_ns, int64_t deadline_ns) {
  if (own_slot < 0) return;
  slot *mine = &own_board->slots[own_slot];
  atomic_store_explicit(&mine->session, session, memory_order_relaxed);
  atomic_store_explicit(&mine->started_ns, now_ns, memory_order_relaxed);
  atomic_store_explicit(&mine->deadline_ns, deadline_ns, memory_order_relaxed);
  atomic_store_explicit(&mine->function, function, memory_order_release);
}

void sv_board_leave(void) {
  if (own_slot < 0) return;
  atomic_store_explicit(&own_board->slots[own_slot].function, 0, memory_order_release);
}

sv_board_entry sv_board_read(const sv_board *board, int index) {
  sv_board_entry entry = {0, 0, 0, 0};
  if (index < 0 || index >= SV_BOARD_SLOTS) return entry;
  const slot *its = &board->slots[index];
  entry.function = atomic_load_explicit(&its->function, memory_order_acquire);
  entry.session = atomic_load_explicit(&its->session, memory_order_relaxed);
  entry.started_ns = atomic_load_explicit(&its->started_ns, memory_order_relaxed);
  entry.deadline_ns = atomic_load_explicit(&its->deadline_ns, memory_order_relaxed);
  return entry;
}

int sv_board_fault_slot(const sv_board *board) {
  return (int)atomic_load_explicit(&board->fault_slot, memory_order_acquire) - 1;
}

static void note_fault(void) {
  if (watched == NULL || own_slot < 0) return;
  int32_t none = 0;
  atomic_compare_exchange_strong(&watched->fault_slot, &none, own_slot + 1);
}

/* Returns from a real fault: the instruction faults again, now with the default action, and the
 * process ends by the signal that it deserves. One that was sent is sent once more. */
static void on_fault(int signal_number, siginfo_t *info, void *context) {
  (void)context;
  note_fault();
  if (info->si_code <= 0) raise(signal_number);
}

void sv_board_watch_faults(sv_board *board) {
  watched = board;
  struct sigaction action = {.sa_sigaction = on_fault,
                             .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND | SA_NODEFER};
  sigemptyset(&action.sa_mask);
  const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
  for (size_t index = 0; index < sizeof fatal / sizeof *fatal; index++)
    sigaction(fatal[index], &action, NULL);
  atexit(note_fault);
}
