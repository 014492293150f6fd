/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of sv_confine.c that have a file of their own.
 */
#ifndef SELVEDGE_CONFINE_H
#define SELVEDGE_CONFINE_H

#include "sv_confine.h"

/* What failed; `name` is null when nothing did. */
typedef struct confine_step {
  const char *_Nullable name;
  const char *_Nullable path;
  int error;
} confine_step;

/* Files, by Landlock: what the plan does not name can be neither opened nor changed. */
confine_step confine_files(const sv_confinement *_Nonnull plan, unsigned *_Nonnull missing);

/* System calls, by seccomp. */
confine_step confine_calls(bool may_fork, unsigned *_Nonnull missing);

#endif
