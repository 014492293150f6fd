/* SPDX-License-Identifier: Apache-2.0
 *
 * What Swift cannot say itself: monotonic condition variables, eventfd, and the call board.
 */
#ifndef SELVEDGE_CSHIMS_H
#define SELVEDGE_CSHIMS_H

#include "sv_board.h"
#include "sv_sync.h"

#endif
