/* SPDX-License-Identifier: Apache-2.0
 *
 * The settings of a device.
 */
#define _POSIX_C_SOURCE 200809L
#include <ctype.h>
#include <stdlib.h>

#include "exec.h"

extern char **environ;

#define COMMAND_EXPECTED "expected a program and its arguments: a text or a list of texts"

static const char *last_part(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash && slash[1] ? slash + 1 : path;
}

/* "python3 board.py": the program, and the script that it runs. */
static void make_name(exec_command *command) {
  const word_list *words = &command->words;
  bool has_script = words->count > 1 && words->items[1][0] != '-';
  snprintf(command->name, sizeof command->name, "%.30s%s%.30s", last_part(words->items[0]),
           has_script ? " " : "", has_script ? last_part(words->items[1]) : "");
}

static mapper_status read_command(exec_command *command, const char *key,
                                  const mapper_settings *from, const mapper_call *call) {
  word_list *words = &command->words;
  const mapper_value *value = mapper_find(from, key);
  const char *why = "missing";
  bool good = false;
  if (value && value->type == MAPPER_TYPE_TEXT) good = words_split(words, value->data, &why);
  if (value && value->type == MAPPER_TYPE_BYTES)
    good = words_of_json(words, value->data, value->count, &why);
  if (good) {
    make_name(command);
    return MAPPER_OK;
  }
  return mapper_failf(exec_api, call, MAPPER_INVALID, "setting %s: %s: " COMMAND_EXPECTED, key,
                      why);
}

/* ---- environment -------------------------------------------------------------------------- */

static bool is_variable_name(const char *name, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (!isalpha((unsigned char)name[i]) && name[i] != '_' &&
        (i == 0 || !isdigit((unsigned char)name[i])))
      return false;
  return size > 0;
}

/* "name=value" of a member; null when it is none. */
static char *make_variable(const json_view *key, const json_view *value) {
  char *text = malloc(key->size + value->size + 2);
  if (!text) return NULL;
  size_t name = json_unescape(key, text), size = name;
  text[size++] = '=';
  bool good = is_variable_name(text, name);
  if (value->kind == JSON_STRING) {
    size += json_unescape(value, text + size);
  } else if (value->kind == JSON_NUMBER || value->kind == JSON_TRUE || value->kind == JSON_FALSE) {
    memcpy(text + size, value->start, value->size);
    size += value->size;
  } else {
    good = false;
  }
  text[size] = 0;
  if (good && !memchr(text, 0, size)) return text;
  free(text);
  return NULL;
}

/* Those of the setting first, since they win. */
static mapper_status read_environment(word_list *variables, const mapper_settings *from,
                                      const mapper_call *call) {
  static const json_path whole = {0};
  const mapper_value *setting = mapper_find(from, "environment");
  json_view root = {0}, key, value;
  if (setting && (setting->type != MAPPER_TYPE_BYTES ||
                  json_find(setting->data, setting->count, &whole, &root) != JSON_FOUND ||
                  root.kind != JSON_OBJECT))
    return mapper_failf(exec_api, call, MAPPER_INVALID,
                        "setting environment: expected an object of texts");
  json_cursor cursor = json_begin(&root);
  while (setting && json_next(&cursor, &key, &value)) {
    char *text = make_variable(&key, &value);
    if (!text) {
      char name[64];
      message_text(&key, name, sizeof name);
      return mapper_failf(exec_api, call, MAPPER_INVALID,
                          "setting environment: '%s': expected a name of letters, digits and _, "
                          "and a text, number or truth value",
                          name);
    }
    if (!words_add(variables, text)) return MAPPER_NO_MEMORY;
  }
  for (char **inherited = environ; *inherited; inherited++) {
    size_t name = strcspn(*inherited, "=");
    if (words_variable(variables, *inherited, name)) continue;
    if (!words_add(variables, strdup(*inherited))) return MAPPER_NO_MEMORY;
  }
  return MAPPER_OK;
}

/* ---- all ---------------------------------------------------------------------------------- */

static mapper_status check_together(const exec_settings *settings, const mapper_call *call) {
  if (settings->mode == MODE_POLL && settings->format != FORMAT_MESSAGES)
    return mapper_failf(exec_api, call, MAPPER_INVALID,
                        "setting format: mode poll: expected messages");
  if (settings->mode == MODE_ONESHOT && settings->format == FORMAT_MESSAGES)
    return mapper_failf(exec_api, call, MAPPER_INVALID,
                        "setting format: mode oneshot: expected json or text");
  if (settings->folder && settings->folder[0] != '/')
    return mapper_failf(exec_api, call, MAPPER_INVALID,
                        "setting workingFolder: '%s': expected an absolute path", settings->folder);
  const word_list *commands[] = {&settings->command.words, &settings->set_command.words};
  for (int i = 0; i < 2; i++) {
    const char *program = commands[i]->count ? commands[i]->items[0] : "/";
    if (program[0] != '/' && strchr(program, '/') && !settings->folder)
      return mapper_failf(exec_api, call, MAPPER_INVALID,
                          "setting %s: '%s': expected an absolute path, a name that PATH leads to, "
                          "or a workingFolder beside it",
                          i == 0 ? "command" : "setCommand", program);
  }
  return MAPPER_OK;
}

mapper_status settings_read(exec_settings *settings, const mapper_settings *from,
                            const mapper_call *call) {
  const char *mode = mapper_find_text(from, "mode", "push");
  settings->mode = strcmp(mode, "poll") == 0      ? MODE_POLL
                   : strcmp(mode, "oneshot") == 0 ? MODE_ONESHOT
                                                  : MODE_PUSH;
  const char *standard = settings->mode == MODE_ONESHOT ? "json" : "messages";
  const char *format = mapper_find_text(from, "format", standard);
  settings->format = strcmp(format, "json") == 0   ? FORMAT_JSON
                     : strcmp(format, "text") == 0 ? FORMAT_TEXT
                                                   : FORMAT_MESSAGES;
  settings->waits_for_line = strcmp(mapper_find_text(from, "ready", "running"), "line") == 0;
  settings->start_ns = mapper_find_int(from, "startTimeoutMs", 4000) * MS;
  settings->stop_ns = mapper_find_int(from, "stopTimeoutMs", 2000) * MS;
  settings->line_max = (size_t)mapper_find_int(from, "maxLineBytes", 65536);
  const char *folder = mapper_find_text(from, "workingFolder", NULL);
  if (folder) {
    settings->folder = strdup(folder);
    if (!settings->folder) return MAPPER_NO_MEMORY;
  }
  mapper_status status = read_command(&settings->command, "command", from, call);
  if (status == MAPPER_OK && mapper_find(from, "setCommand"))
    status = read_command(&settings->set_command, "setCommand", from, call);
  if (status == MAPPER_OK) status = check_together(settings, call);
  if (status == MAPPER_OK) status = read_environment(&settings->environment, from, call);
  return status;
}

void settings_free(exec_settings *settings) {
  words_free(&settings->command.words);
  words_free(&settings->set_command.words);
  words_free(&settings->environment);
  free(settings->folder);
}
