/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

CHECK_MAIN("modbus")
