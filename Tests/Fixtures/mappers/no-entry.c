/* SPDX-License-Identifier: Apache-2.0
 *
 * To be refused: a library, but no mapper.
 */
__attribute__((visibility("default"))) int no_mapper(void);

int no_mapper(void) { return 1; }
