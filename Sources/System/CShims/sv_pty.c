/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "sv_pty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

int sv_pty_open(int *near, int *far, char *path, size_t capacity) {
  struct termios settings;
  *far = -1;
  *near = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (*near < 0) return errno;
  if (grantpt(*near) == 0 && unlockpt(*near) == 0 && ptsname_r(*near, path, capacity) == 0)
    *far = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (*far >= 0 && tcgetattr(*far, &settings) == 0) {
    cfmakeraw(&settings);
    if (tcsetattr(*far, TCSANOW, &settings) == 0) return 0;
  }
  int error = errno;
  if (*far >= 0) close(*far);
  close(*near);
  return error;
}
