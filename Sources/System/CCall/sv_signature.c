/* SPDX-License-Identifier: Apache-2.0 */
#include "sv_signature.h"

#include <ffi.h>
#include <stdlib.h>
#include <string.h>

/* device, call and out come before the arguments. */
enum { FIXED = 3 };

struct sv_signature {
  ffi_cif interface;
  ffi_type *types[FIXED + MAPPER_METHOD_ARGUMENTS];
  uint32_t count;
};

/* How an argument of a code is passed; null: no argument has it. bool is one byte everywhere that
 * libffi and Selvedge run. */
static ffi_type *type_of(mapper_type code) {
  switch (code) {
  case MAPPER_TYPE_BOOL:
    return &ffi_type_uint8;
  case MAPPER_TYPE_I64:
    return &ffi_type_sint64;
  case MAPPER_TYPE_U64:
    return &ffi_type_uint64;
  case MAPPER_TYPE_F64:
    return &ffi_type_double;
  case MAPPER_TYPE_TEXT:
  case MAPPER_TYPE_BYTES:
    return &ffi_type_pointer;
  default:
    return NULL;
  }
}

sv_signature *sv_signature_create(const mapper_type *codes, uint32_t count) {
  if (count > MAPPER_METHOD_ARGUMENTS) return NULL;
  sv_signature *signature = calloc(1, sizeof *signature);
  if (!signature) return NULL;
  signature->count = count;
  for (size_t i = 0; i < FIXED; i++) signature->types[i] = &ffi_type_pointer;
  for (uint32_t i = 0; i < count; i++) {
    signature->types[FIXED + i] = type_of(codes[i]);
    if (!signature->types[FIXED + i]) {
      free(signature);
      return NULL;
    }
  }
  if (ffi_prep_cif(&signature->interface, FFI_DEFAULT_ABI, FIXED + count, &ffi_type_sint32,
                   signature->types) != FFI_OK) {
    free(signature);
    return NULL;
  }
  return signature;
}

void sv_signature_destroy(sv_signature *signature) { free(signature); }

mapper_status sv_signature_call(const sv_signature *signature, mapper_function function,
                                mapper_device *device, const mapper_call *call, void *out,
                                const uint64_t *words) {
  /* An argument as its C type has it. */
  union {
    uint8_t flag;
    uint64_t word;
    void *pointer;
  } arguments[MAPPER_METHOD_ARGUMENTS];
  void *addresses[FIXED + MAPPER_METHOD_ARGUMENTS] = {(void *)&device, (void *)&call, (void *)&out};
  for (uint32_t i = 0; i < signature->count; i++) {
    ffi_type *type = signature->types[FIXED + i];
    if (type == &ffi_type_uint8)
      arguments[i].flag = words[i] != 0;
    else if (type == &ffi_type_pointer)
      arguments[i].pointer = (void *)(uintptr_t)words[i];
    else
      arguments[i].word = words[i];
    addresses[FIXED + i] = &arguments[i];
  }
  /* libffi widens a small result to a whole ffi_arg. It reads the interface and nothing else. */
  ffi_arg result = 0;
  ffi_call((ffi_cif *)&signature->interface, function, &result, addresses);
  return (mapper_status)result;
}
