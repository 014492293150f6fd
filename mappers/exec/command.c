/* SPDX-License-Identifier: Apache-2.0
 *
 * Commands: where their programs are, how they start, and what they say when they end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "exec.h"

/* "folder/name", from malloc. */
static char *join(const char *folder, size_t size, const char *name) {
  char *path = malloc(size + strlen(name) + 2);
  if (!path) return NULL;
  memcpy(path, folder, size);
  path[size] = '/';
  strcpy(path + size + 1, name);
  return path;
}

char *settings_program(const exec_settings *settings, const exec_command *command,
                       char reason[REASON_MAX]) {
  const char *program = command->words.items[0];
  char *found = NULL;
  int error = ENOENT;
  if (strchr(program, '/')) {
    found = program[0] == '/' ? strdup(program)
                              : join(settings->folder, strlen(settings->folder), program);
    if (found && access(found, X_OK) == 0) return found;
    error = errno;
  } else {
    const char *path = words_variable(&settings->environment, "PATH", 4);
    path = path ? path + 5 : "/usr/local/bin:/usr/bin:/bin";
    while (*path) {
      size_t size = strcspn(path, ":");
      free(found);
      found = size ? join(path, size, program) : NULL;
      if (found && access(found, X_OK) == 0) return found;
      if (found && errno == EACCES) error = EACCES;
      path += size + (path[size] == ':');
    }
  }
  free(found);
  snprintf(reason, REASON_MAX, "cannot run %.200s: %s (errno %d)", program, strerror(error), error);
  return NULL;
}

bool settings_start(const exec_settings *settings, const exec_command *command,
                    exec_process *process, char reason[REASON_MAX]) {
  char *path = settings_program(settings, command, reason);
  if (!path) return false;
  const char *failed;
  int error = process_start(process, path, command->words.items, settings->environment.items,
                            settings->folder, &failed);
  if (error && strcmp(failed, "folder") == 0)
    snprintf(reason, REASON_MAX, "cannot enter the folder %.200s: %s (errno %d)", settings->folder,
             strerror(error), error);
  else if (error)
    snprintf(reason, REASON_MAX, "cannot run %.200s: %s (errno %d)%s", path, strerror(error), error,
             error == ENOEXEC ? ": a script needs a first line such as #!/bin/sh" : "");
  free(path);
  return error == 0;
}

void settings_take_error(void *context, const char *text, size_t size) {
  error_tail *errors = context;
  if (!text) return; /* longer than a line may be */
  char shown[MAPPER_TEXT_MAX - 80];
  message_excerpt(text, size, shown, sizeof shown);
  message_excerpt(text, size, errors->last, sizeof errors->last);
  mapper_logf(exec_api, exec_host, MAPPER_LOG_WARNING, "%s: %s", errors->name, shown);
}

void settings_describe_end(const error_tail *errors, const char *before, int status,
                           char text[REASON_MAX]) {
  char how[64];
  process_describe(status, how, sizeof how);
  snprintf(text, REASON_MAX, "%s %s%s%s%s", errors->name, before, how, errors->last[0] ? ": " : "",
           errors->last);
}
