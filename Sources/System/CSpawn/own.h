// SPDX-License-Identifier: Apache-2.0
// The children that this process has started and not reaped.
#ifndef SELVEDGE_CHILD_OWN_H
#define SELVEDGE_CHILD_OWN_H

#include <stdbool.h>
#include <sys/types.h>

/// Locks the list and makes room for one more; false, and unlocked, when memory is out.
bool own_begin(void);
/// Adds the child, 0: none, and unlocks.
void own_end(pid_t pid);

void own_remove(pid_t pid);

#endif
