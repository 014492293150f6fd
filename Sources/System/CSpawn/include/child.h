// SPDX-License-Identifier: Apache-2.0
// Child processes: started with nothing inherited but what the plan says, and ended with their
// parent.
//
// Any thread may call any function; one plan belongs to one thread at a time.
#ifndef SELVEDGE_CHILD_H
#define SELVEDGE_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

/// What to start. Functions that add to a plan copy their arguments; when memory is out, or a limit
/// is passed, `child_spawn` says so.
struct child_plan;

/// NULL when memory is out. `path` is also the first argument.
struct child_plan *child_plan_create(const char *path);
void child_plan_destroy(struct child_plan *plan);

void child_plan_argument(struct child_plan *plan, const char *argument);

/// `NAME=value`, in place of the parent's value of NAME.
void child_plan_environment(struct child_plan *plan, const char *assignment);

/// Leaves the parent's environment out.
void child_plan_clear_environment(struct child_plan *plan);

/// The child finds the descriptor `from` of the parent as `to`; up to 16 of them.
///
/// All others are closed in the child, close-on-exec or not, except: 0 is /dev/null, and 1 and 2
/// are the parent's, unless they are named here.
void child_plan_descriptor(struct child_plan *plan, int from, int to);

/// The child leads a process group of its own, so that a Ctrl-C at the terminal goes to the parent
/// only.
void child_plan_new_group(struct child_plan *plan);

/// The kernel sends `signal` to the child when this process ends, however it ends.
///
/// A child that changes its user or group drops this silently: use `child_plan_user` instead.
void child_plan_death_signal(struct child_plan *plan, int signal);

/// Runs the child as this user and group, without supplementary groups. Needs root.
void child_plan_user(struct child_plan *plan, uid_t user, gid_t group);

/// Starts the child, with all signals unblocked and at their defaults.
///
/// Returns 0, or an errno when it did not start: also ENOENT and EACCES of the program itself.
/// Whoever spawns must wait for the child. The plan can be used again.
int child_spawn(const struct child_plan *plan, pid_t *pid);

/// Waits for the end of a child and reaps it; below 0: without a limit.
///
/// Returns 0 with the status as waitpid gives it, ETIMEDOUT, or ECHILD.
int child_wait(pid_t pid, int timeout_ms, int *status);

/// Whether the process is a child that `child_spawn` started and that has not been reaped.
///
/// Others come to a process that the kernel gives orphans to: `child_adopt_orphans`.
bool child_is_own(pid_t pid);

/// From now on, what a descendant leaves behind at its end becomes a child of this process, instead
/// of init's. Such children have to be reaped by whoever asks for them. Returns 0 or an errno.
int child_adopt_orphans(void);

/// A descriptor that polls readable once the child has ended; the caller closes it. -1 with errno.
int child_watch(pid_t pid);

/// Sends a signal to a child that has not been reaped; with `group` to its whole process group.
/// Returns 0 or an errno.
int child_signal(pid_t pid, int signal, bool group);

/// Asks the child to end by SIGTERM, kills it when it has not within `grace_ms`, and reaps it.
/// With `group` the rest of its process group is killed too. Returns as `child_wait`.
int child_stop(pid_t pid, int grace_ms, bool group, int *status);

#endif
