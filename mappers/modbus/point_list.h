/* SPDX-License-Identifier: Apache-2.0
 *
 * The points of a device, by id. Devices whose points have the same settings share one list.
 */
#ifndef MODBUS_POINT_LIST_H
#define MODBUS_POINT_LIST_H

#include "point.h"

typedef struct point_list {
  struct point_list *next;
  uint32_t references; /* devices; guarded by the lock of all lists */
  uint32_t count;
  point items[];
} point_list;

/* A list of the caller's own, all bytes zero; null: out of memory. */
point_list *point_list_make(uint32_t count);
/* Gives a list away for one with the same points, which nobody changes any more. Any thread. */
const point_list *point_list_share(point_list *own);
/* Null is no list. Any thread. */
void point_list_release(const point_list *list);

#endif
