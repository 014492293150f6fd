/* SPDX-License-Identifier: Apache-2.0
 *
 * The mapper ABI 1.0: how a device driver in a shared library talks to its host.
 *
 * A mapper is a library <name>.so that exports one symbol, mapper_entry (entry.h). The host loads
 * it, asks for its drivers (driver.h) and calls them on threads of its own; the driver calls back
 * through the host's table (host.h). Optional abilities are extensions, one header each in ext/.
 *
 * A driver leaves signals, locale, umask, working directory and environment alone, blocks all
 * signals in threads of its own, and never calls exit.
 *
 * Growth: tables begin with their size and only grow at the end; members are never changed.
 * Reserved words are zero.
 */
#ifndef MAPPER_MAPPER_H
#define MAPPER_MAPPER_H

#include "driver.h"
#include "entry.h"
#include "host.h"
#include "types.h"

#endif
