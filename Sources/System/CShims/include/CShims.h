/* SPDX-License-Identifier: Apache-2.0
 *
 * What Swift cannot say itself: clocks, condition variables, eventfd, signals, the confinement of a
 * process, and the call board.
 */
#ifndef SELVEDGE_CSHIMS_H
#define SELVEDGE_CSHIMS_H

#include "sv_board.h"
#include "sv_confine.h"
#include "sv_pty.h"
#include "sv_signals.h"
#include "sv_sync.h"

#endif
