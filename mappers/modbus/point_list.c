/* SPDX-License-Identifier: Apache-2.0 */
#include "point_list.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lists_lock = PTHREAD_MUTEX_INITIALIZER;
static point_list *lists;

point_list *point_list_make(uint32_t count) {
  point_list *list = calloc(1, sizeof *list + count * sizeof *list->items);
  if (!list) return NULL;
  list->references = 1;
  list->count = count;
  return list;
}

/* By bytes: what lies between the members is zero, since nobody writes whole points. If it were
 * not, equal lists would be there twice. */
static bool is_same(const point_list *a, const point_list *b) {
  return a->count == b->count && memcmp(a->items, b->items, a->count * sizeof *a->items) == 0;
}

const point_list *point_list_share(point_list *own) {
  pthread_mutex_lock(&lists_lock);
  point_list *found = lists;
  while (found && !is_same(found, own)) found = found->next;
  if (found) {
    found->references++;
  } else {
    own->next = lists;
    lists = own;
  }
  pthread_mutex_unlock(&lists_lock);
  if (!found) return own;
  free(own);
  return found;
}

void point_list_release(const point_list *gone) {
  if (!gone) return;
  pthread_mutex_lock(&lists_lock);
  point_list **link = &lists;
  while (*link != gone) link = &(*link)->next;
  point_list *list = *link;
  bool is_last = --list->references == 0;
  if (is_last) *link = list->next;
  pthread_mutex_unlock(&lists_lock);
  if (is_last) free(list);
}
