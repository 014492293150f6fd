/* SPDX-License-Identifier: Apache-2.0
 *
 * How a point is coded: by dataType, limit and bit, and where they are silent by the device model's
 * type, as KubeEdge does it.
 */
#ifndef MODBUS_DATATYPE_H
#define MODBUS_DATATYPE_H

#include "codec.h"

/* Fills in all of `codec` but scale and padding; its order is there already. `is_bits`: the point
 * is made of coils or discrete inputs. */
bool datatype_choose(const mapper_point *given, bool is_bits, codec *codec, problem *problem);

#endif
