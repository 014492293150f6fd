/* SPDX-License-Identifier: Apache-2.0
 *
 * Settings with what lies in the objects `com`, `tcp` and `customizedValues` on the level of the
 * others, as manifests have it that come from KubeEdge's v1alpha2.
 */
#ifndef MODBUS_NESTED_H
#define MODBUS_NESTED_H

#include "mapper/mapper.h"
#include "problem.h"

typedef struct nested {
  mapper_settings all; /* a key within an object wins: the host fills in defaults outside of it */
  mapper_setting *items;
  char *text; /* keys and texts of the objects; null: there are none */
} nested;

/* Fails with a text if an object is not one of scalars, or memory is short; then there is nothing
 * to be freed. `settings` are borrowed until nested_free. */
bool nested_open(const mapper_settings *settings, nested *out, problem *problem);
void nested_free(nested *nested);

#endif
