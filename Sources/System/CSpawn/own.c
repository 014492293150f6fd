// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "own.h"
#include "child.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t *children;
static size_t count, capacity;

bool own_begin(void) {
  pthread_mutex_lock(&lock);
  if (count < capacity) return true;
  size_t larger = capacity ? 2 * capacity : 16;
  pid_t *moved = realloc(children, larger * sizeof *moved);
  if (!moved) {
    pthread_mutex_unlock(&lock);
    return false;
  }
  children = moved;
  capacity = larger;
  return true;
}

void own_end(pid_t pid) {
  if (pid > 0) children[count++] = pid;
  pthread_mutex_unlock(&lock);
}

void own_remove(pid_t pid) {
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < count; i++)
    if (children[i] == pid) {
      children[i] = children[--count];
      break;
    }
  pthread_mutex_unlock(&lock);
}

bool child_is_own(pid_t pid) {
  bool found = false;
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < count && !found; i++) found = children[i] == pid;
  pthread_mutex_unlock(&lock);
  return found;
}

int child_adopt_orphans(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) ? errno : 0; }
