/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "serial.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

static const struct {
  uint32_t baud;
  speed_t speed;
} rates[] = {{50, B50},           {75, B75},           {110, B110},         {134, B134},
             {150, B150},         {200, B200},         {300, B300},         {600, B600},
             {1200, B1200},       {1800, B1800},       {2400, B2400},       {4800, B4800},
             {9600, B9600},       {19200, B19200},     {38400, B38400},     {57600, B57600},
             {115200, B115200},   {230400, B230400},   {460800, B460800},   {500000, B500000},
             {576000, B576000},   {921600, B921600},   {1000000, B1000000}, {1152000, B1152000},
             {1500000, B1500000}, {2000000, B2000000}, {2500000, B2500000}, {3000000, B3000000},
             {3500000, B3500000}, {4000000, B4000000}};

static speed_t speed_of(uint32_t baud) {
  for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
    if (rates[i].baud == baud) return rates[i].speed;
  return B0;
}

bool serial_has_rate(uint32_t baud) { return speed_of(baud) != B0; }

/* A pseudo terminal has no parity bit, and the C library takes that for a failure. */
static bool has_parity(int fd) {
  enum { FIRST_PTS = 136, LAST_PTS = 143 }; /* majors that the kernel gives their ends */
  struct stat port;
  if (fstat(fd, &port) != 0) return true;
  unsigned number = major(port.st_rdev);
  return number < FIRST_PTS || number > LAST_PTS;
}

static bool set_up(int fd, const serial_settings *settings) {
  struct termios port;
  if (tcgetattr(fd, &port) != 0) return false;
  cfmakeraw(&port);
  port.c_iflag &= (tcflag_t) ~(IXOFF | IXANY | INPCK);
  port.c_cflag &= (tcflag_t) ~(CSIZE | PARENB | PARODD | CSTOPB | CRTSCTS | HUPCL);
  port.c_cflag |= CS8 | CREAD | CLOCAL;
  if (settings->parity != 'N' && has_parity(fd)) port.c_cflag |= PARENB;
  if (settings->parity == 'O' && has_parity(fd)) port.c_cflag |= PARODD;
  if (settings->stop_bits == 2) port.c_cflag |= CSTOPB;
  port.c_cc[VMIN] = 1; /* so that no data is told from the end: EAGAIN, not 0 */
  port.c_cc[VTIME] = 0;
  speed_t speed = speed_of(settings->baud);
  return cfsetispeed(&port, speed) == 0 && cfsetospeed(&port, speed) == 0 &&
         tcsetattr(fd, TCSANOW, &port) == 0;
}

static bool switch_transmitter(int fd) {
  struct serial_rs485 rs485;
  if (ioctl(fd, TIOCGRS485, &rs485) != 0) return false;
  rs485.flags |= SER_RS485_ENABLED | SER_RS485_RTS_ON_SEND;
  rs485.flags &= ~(uint32_t)(SER_RS485_RTS_AFTER_SEND | SER_RS485_RX_DURING_TX);
  return ioctl(fd, TIOCSRS485, &rs485) == 0;
}

int serial_open(const char *path, const serial_settings *settings, bool *is_switching,
                const char **what) {
  *is_switching = true;
  *what = "opening";
  int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return -1;
  /* The kernel takes the lock back from a process that dies. */
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    *what = "locking"; /* another program has the port */
    if (errno == EWOULDBLOCK) errno = EBUSY;
  } else if (!set_up(fd, settings)) {
    *what = "setting up the serial port";
  } else {
    if (settings->rs485) *is_switching = switch_transmitter(fd);
    tcflush(fd, TCIOFLUSH);
    return fd;
  }
  int reason = errno;
  close(fd);
  errno = reason;
  return -1;
}

int64_t serial_byte_ns(const serial_settings *settings) {
  int64_t bits = 9 + (settings->parity != 'N') + settings->stop_bits;
  return bits * 1000000000 / settings->baud;
}

int64_t serial_pause_ns(const serial_settings *settings) {
  int64_t pause = serial_byte_ns(settings) * 7 / 2;
  return pause > 1750000 ? pause : 1750000;
}
