// SPDX-License-Identifier: Apache-2.0
#ifndef CCONSOLE_H
#define CCONSOLE_H

#include <stddef.h>

// One file of the console's page, as it was when the program was built.
typedef struct console_file {
  const char *name;
  const char *type;
  const unsigned char *bytes;
  size_t size;
} console_file;

// The file at this place; NULL after the last one. What it points to stays.
const console_file *console_file_at(size_t place);

#endif
