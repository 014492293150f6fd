/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of a fake call, for fakehost.c, which puts these functions in the host's table.
 */
#ifndef TESTS_FAKECALL_H
#define TESTS_FAKECALL_H

#include "fakehost.h"

bool fake_call_cancelled(const mapper_call *call);
int32_t fake_call_cancel_fd(const mapper_call *call);
int64_t fake_call_deadline_ns(const mapper_call *call);
void *fake_call_alloc(const mapper_call *call, size_t size, size_t align);
mapper_status fake_call_fail(const mapper_call *call, mapper_status status, const char *text,
                             size_t size);
mapper_status fake_call_fail_item(const mapper_call *call, uint32_t index, mapper_status status,
                                  const char *text, size_t size);

/* Monotonic. */
int64_t fake_now_ns(void);
/* `size` bytes and a NUL, from malloc. */
char *fake_copy(const void *bytes, size_t size);

#endif
