// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void append(struct child_plan *plan, struct string_list *list, const char *text) {
  char *copy = strdup(text);
  char **items = copy ? realloc(list->items, (list->count + 2) * sizeof *items) : NULL;
  if (!items) {
    free(copy);
    plan->error = ENOMEM;
    return;
  }
  list->items = items;
  items[list->count++] = copy;
  items[list->count] = NULL;
}

static void release(struct string_list *list) {
  for (size_t i = 0; i < list->count; i++) free(list->items[i]);
  free(list->items);
}

struct child_plan *child_plan_create(const char *path) {
  struct child_plan *plan = calloc(1, sizeof *plan);
  if (!plan) return NULL;
  plan->path = strdup(path);
  if (!plan->path) plan->error = ENOMEM;
  append(plan, &plan->arguments, path);
  return plan;
}

void child_plan_destroy(struct child_plan *plan) {
  if (!plan) return;
  free(plan->path);
  release(&plan->arguments);
  release(&plan->environment);
  free(plan);
}

void child_plan_argument(struct child_plan *plan, const char *argument) {
  append(plan, &plan->arguments, argument);
}

void child_plan_environment(struct child_plan *plan, const char *assignment) {
  if (strchr(assignment, '='))
    append(plan, &plan->environment, assignment);
  else
    plan->error = EINVAL;
}

void child_plan_clear_environment(struct child_plan *plan) { plan->clear_environment = true; }

void child_plan_descriptor(struct child_plan *plan, int from, int to) {
  if (plan->descriptor_count == MAX_DESCRIPTORS || from < 0 || to < 0) {
    plan->error = from < 0 || to < 0 ? EBADF : E2BIG;
    return;
  }
  size_t place = plan->descriptor_count++;
  for (; place > 0 && plan->descriptors[place - 1].to > to; place--)
    plan->descriptors[place] = plan->descriptors[place - 1];
  plan->descriptors[place] = (struct descriptor){from, to};
}

void child_plan_new_group(struct child_plan *plan) { plan->new_group = true; }

void child_plan_death_signal(struct child_plan *plan, int signal) { plan->death_signal = signal; }

void child_plan_user(struct child_plan *plan, uid_t user, gid_t group) {
  plan->change_user = true;
  plan->user = user;
  plan->group = group;
}

static bool same_name(const char *left, const char *right) {
  size_t length = (size_t)(strchrnul(left, '=') - left);
  return strncmp(left, right, length) == 0 && right[length] == '=';
}

char **plan_environment(const struct child_plan *plan) {
  size_t inherited = 0, count = 0;
  if (!plan->clear_environment)
    while (environ && environ[inherited]) inherited++;
  char **all = malloc((inherited + plan->environment.count + 1) * sizeof *all);
  if (!all) return NULL;
  for (size_t i = 0; i < inherited; i++) {
    bool replaced = false;
    for (size_t j = 0; j < plan->environment.count; j++)
      replaced |= same_name(environ[i], plan->environment.items[j]);
    if (!replaced) all[count++] = environ[i];
  }
  for (size_t i = 0; i < plan->environment.count; i++) all[count++] = plan->environment.items[i];
  all[count] = NULL;
  return all;
}
