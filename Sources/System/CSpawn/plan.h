// SPDX-License-Identifier: Apache-2.0
#ifndef SELVEDGE_CHILD_PLAN_H
#define SELVEDGE_CHILD_PLAN_H

#include "child.h"

#include <stddef.h>

enum { MAX_DESCRIPTORS = 16 };

struct string_list {
  char **items; // ends with NULL when it is not NULL itself
  size_t count;
};

struct descriptor {
  int from, to;
};

struct child_plan {
  char *path;
  struct string_list arguments;
  struct string_list environment;
  struct descriptor descriptors[MAX_DESCRIPTORS]; // sorted by `to`
  size_t descriptor_count;
  bool clear_environment, new_group, change_user;
  int death_signal;
  uid_t user;
  gid_t group;
  int error; // what went wrong while the plan was made: an errno
};

/// The whole environment of the child; the strings belong to the plan and to the process. NULL when
/// memory is out; the caller frees the array only.
char **plan_environment(const struct child_plan *plan);

#endif
