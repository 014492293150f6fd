/* SPDX-License-Identifier: Apache-2.0
 *
 * Calling a method of a mapper (mapper/ext/methods.h), whose C type is known only by its row.
 */
#ifndef SELVEDGE_SV_SIGNATURE_H
#define SELVEDGE_SV_SIGNATURE_H

#include "mapper/ext/methods.h"

/* The C type of a method. Constant once made: any number of threads may call through it. */
typedef struct sv_signature sv_signature;

/* For a method with arguments of these codes. Null: a code that no argument has, more than
 * MAPPER_METHOD_ARGUMENTS of them, or no memory. */
sv_signature *_Nullable sv_signature_create(const mapper_type *_Nullable codes, uint32_t count);
void sv_signature_destroy(sv_signature *_Nonnull signature);

/* Calls `function`. words[i] holds argument i: 0 or 1, the integer, the bits of the double, or the
 * address of the text or the mapper_bytes. `out` points to the zeroed result, 16 bytes at least. */
mapper_status sv_signature_call(const sv_signature *_Nonnull signature,
                                mapper_function _Nonnull function, mapper_device *_Nonnull device,
                                const mapper_call *_Nonnull call, void *_Nonnull out,
                                const uint64_t *_Nullable words);

#endif
