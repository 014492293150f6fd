/* SPDX-License-Identifier: Apache-2.0
 *
 * Prints the layout of every struct that crosses the mapper ABI, and the value of every code. The
 * committed layout.txt is what programs in the field were built with: see check.
 *
 * A struct has no hidden padding: its members must follow each other without a hole and fill it.
 * So a member that is missing below is found, too. Compiles as C and as C++.
 */
#include <inttypes.h>
#include <stdio.h>

#include <mapper/ext/discovery.h>
#include <mapper/ext/methods.h>
#include <mapper/ext/subscribe.h>
#include <mapper/mapper.h>

static size_t filled;
static size_t whole;
static const char *current;
static int faults;

static void end_struct(void) {
  if (current && filled != whole) {
    fprintf(stderr, "layout: %s: members fill %zu of %zu bytes\n", current, filled, whole);
    faults++;
  }
  current = NULL;
}

static void begin_struct(const char *name, size_t size) {
  end_struct();
  current = name;
  whole = size;
  filled = 0;
  printf("%s: %zu bytes\n", name, size);
}

/* `shares` is true for the second and later members of a union. */
static void member(const char *name, size_t offset, size_t size, bool shares) {
  if (shares ? offset + size > filled : offset != filled) {
    fprintf(stderr, "layout: %s.%s: at %zu, the one before ends at %zu\n", current, name, offset,
            filled);
    faults++;
  }
  if (!shares) filled = offset + size;
  printf("  %-18s at %3zu, %2zu bytes\n", name, offset, size);
}

static void number(const char *name, uint64_t value) {
  printf("%-26s 0x%08" PRIx64 "\n", name, value);
}

static void text(const char *name, const char *value) { printf("%-26s \"%s\"\n", name, value); }

#define STRUCT(type) begin_struct(#type, sizeof(type))
#define MEMBER(type, name) member(#name, offsetof(type, name), sizeof(((type *)0)->name), false)
#define SHARES(type, name) member(#name, offsetof(type, name), sizeof(((type *)0)->name), true)
#define NUMBER(macro) number(#macro, (uint64_t)(macro))
#define TEXT(macro) text(#macro, macro)

static void data_structs(void) {
  STRUCT(mapper_value);
  MEMBER(mapper_value, type);
  MEMBER(mapper_value, flags);
  MEMBER(mapper_value, count);
  MEMBER(mapper_value, i64);
  SHARES(mapper_value, u64);
  SHARES(mapper_value, f64);
  SHARES(mapper_value, data);

  STRUCT(mapper_sample);
  MEMBER(mapper_sample, point);
  MEMBER(mapper_sample, status);
  MEMBER(mapper_sample, quality);
  MEMBER(mapper_sample, reserved);
  MEMBER(mapper_sample, source_ns);
  MEMBER(mapper_sample, value);

  STRUCT(mapper_write);
  MEMBER(mapper_write, point);
  MEMBER(mapper_write, reserved);
  MEMBER(mapper_write, value);

  STRUCT(mapper_setting);
  MEMBER(mapper_setting, key);
  MEMBER(mapper_setting, value);

  STRUCT(mapper_settings);
  MEMBER(mapper_settings, items);
  MEMBER(mapper_settings, count);

  STRUCT(mapper_point);
  MEMBER(mapper_point, id);
  MEMBER(mapper_point, type);
  MEMBER(mapper_point, access);
  MEMBER(mapper_point, name);
  MEMBER(mapper_point, settings);
  MEMBER(mapper_point, cycle_ms);
  MEMBER(mapper_point, reserved);
}

static void tables(void) {
  STRUCT(mapper_host_api);
  MEMBER(mapper_host_api, size);
  MEMBER(mapper_host_api, abi_minor);
  MEMBER(mapper_host_api, log);
  MEMBER(mapper_host_api, report);
  MEMBER(mapper_host_api, link);
  MEMBER(mapper_host_api, cancelled);
  MEMBER(mapper_host_api, cancel_fd);
  MEMBER(mapper_host_api, deadline_ns);
  MEMBER(mapper_host_api, alloc);
  MEMBER(mapper_host_api, fail);
  MEMBER(mapper_host_api, fail_item);
  MEMBER(mapper_host_api, query);

  STRUCT(mapper_driver);
  MEMBER(mapper_driver, size);
  MEMBER(mapper_driver, flags);
  MEMBER(mapper_driver, id);
  MEMBER(mapper_driver, title);
  MEMBER(mapper_driver, device_schema);
  MEMBER(mapper_driver, point_schema);
  MEMBER(mapper_driver, lane);
  MEMBER(mapper_driver, create);
  MEMBER(mapper_driver, bind);
  MEMBER(mapper_driver, open);
  MEMBER(mapper_driver, read);
  MEMBER(mapper_driver, write);
  MEMBER(mapper_driver, close);
  MEMBER(mapper_driver, destroy);
  MEMBER(mapper_driver, query);

  STRUCT(mapper_entry_v1);
  MEMBER(mapper_entry_v1, size);
  MEMBER(mapper_entry_v1, abi_major);
  MEMBER(mapper_entry_v1, abi_minor);
  MEMBER(mapper_entry_v1, flags);
  MEMBER(mapper_entry_v1, name);
  MEMBER(mapper_entry_v1, version);
  MEMBER(mapper_entry_v1, load);
  MEMBER(mapper_entry_v1, unload);
  MEMBER(mapper_entry_v1, driver);
}

static void extensions(void) {
  STRUCT(mapper_subscribe);
  MEMBER(mapper_subscribe, size);
  MEMBER(mapper_subscribe, flags);
  MEMBER(mapper_subscribe, start);
  MEMBER(mapper_subscribe, stop);

  STRUCT(mapper_bytes);
  MEMBER(mapper_bytes, data);
  MEMBER(mapper_bytes, size);

  STRUCT(mapper_nothing);
  MEMBER(mapper_nothing, zero);

  STRUCT(mapper_method);
  MEMBER(mapper_method, size);
  MEMBER(mapper_method, result);
  MEMBER(mapper_method, count);
  MEMBER(mapper_method, name);
  MEMBER(mapper_method, arguments);
  MEMBER(mapper_method, flags);
  MEMBER(mapper_method, reserved);
  MEMBER(mapper_method, call);
  MEMBER(mapper_method, names);
  MEMBER(mapper_method, summary);

  STRUCT(mapper_methods);
  MEMBER(mapper_methods, size);
  MEMBER(mapper_methods, count);
  MEMBER(mapper_methods, stride);
  MEMBER(mapper_methods, reserved);
  MEMBER(mapper_methods, rows);

  STRUCT(mapper_found_property);
  MEMBER(mapper_found_property, size);
  MEMBER(mapper_found_property, type);
  MEMBER(mapper_found_property, access);
  MEMBER(mapper_found_property, name);
  MEMBER(mapper_found_property, summary);
  MEMBER(mapper_found_property, unit);
  MEMBER(mapper_found_property, settings);

  STRUCT(mapper_found);
  MEMBER(mapper_found, size);
  MEMBER(mapper_found, confidence);
  MEMBER(mapper_found, name);
  MEMBER(mapper_found, title);
  MEMBER(mapper_found, settings);
  MEMBER(mapper_found, properties);
  MEMBER(mapper_found, count);
  MEMBER(mapper_found, stride);

  STRUCT(mapper_sink);
  MEMBER(mapper_sink, size);
  MEMBER(mapper_sink, reserved);
  MEMBER(mapper_sink, found);
  MEMBER(mapper_sink, progress);

  STRUCT(mapper_discovery);
  MEMBER(mapper_discovery, size);
  MEMBER(mapper_discovery, flags);
  MEMBER(mapper_discovery, scan_schema);
  MEMBER(mapper_discovery, lane);
  MEMBER(mapper_discovery, scan);
  MEMBER(mapper_discovery, describe);
  end_struct();
}

static void codes(void) {
  NUMBER(MAPPER_ABI_MAJOR);
  NUMBER(MAPPER_ABI_MINOR);
  NUMBER(MAPPER_ABI_TARGET);

  NUMBER(MAPPER_OK);
  NUMBER(MAPPER_CANCELLED);
  NUMBER(MAPPER_TIMEOUT);
  NUMBER(MAPPER_INVALID);
  NUMBER(MAPPER_NOT_FOUND);
  NUMBER(MAPPER_UNSUPPORTED);
  NUMBER(MAPPER_UNAVAILABLE);
  NUMBER(MAPPER_BUSY);
  NUMBER(MAPPER_DENIED);
  NUMBER(MAPPER_PROTOCOL);
  NUMBER(MAPPER_TYPE);
  NUMBER(MAPPER_NO_MEMORY);
  NUMBER(MAPPER_INTERNAL);
  NUMBER(MAPPER_CLOSED);
  NUMBER(MAPPER_NOT_FILLED);
  number("MAPPER_STATUS(9, 2)", (uint64_t)MAPPER_STATUS(MAPPER_PROTOCOL, 2));

  NUMBER(MAPPER_GOOD);
  NUMBER(MAPPER_UNCERTAIN);
  NUMBER(MAPPER_BAD);
  NUMBER(MAPPER_WHY_NONE);
  NUMBER(MAPPER_WHY_NO_LINK);
  NUMBER(MAPPER_WHY_SENSOR);
  NUMBER(MAPPER_WHY_STALE);
  NUMBER(MAPPER_WHY_CLAMPED);
  NUMBER(MAPPER_WHY_MANUAL);

  NUMBER(MAPPER_TYPE_NONE);
  NUMBER(MAPPER_TYPE_BOOL);
  NUMBER(MAPPER_TYPE_I8);
  NUMBER(MAPPER_TYPE_U8);
  NUMBER(MAPPER_TYPE_I16);
  NUMBER(MAPPER_TYPE_U16);
  NUMBER(MAPPER_TYPE_I32);
  NUMBER(MAPPER_TYPE_U32);
  NUMBER(MAPPER_TYPE_I64);
  NUMBER(MAPPER_TYPE_U64);
  NUMBER(MAPPER_TYPE_F32);
  NUMBER(MAPPER_TYPE_F64);
  NUMBER(MAPPER_TYPE_TEXT);
  NUMBER(MAPPER_TYPE_BYTES);
  NUMBER(MAPPER_TYPE_ARRAY);

  NUMBER(MAPPER_ACCESS_READ);
  NUMBER(MAPPER_ACCESS_WRITE);

  NUMBER(MAPPER_LOG_ERROR);
  NUMBER(MAPPER_LOG_WARNING);
  NUMBER(MAPPER_LOG_INFO);
  NUMBER(MAPPER_LOG_DEBUG);

  NUMBER(MAPPER_LINK_UP);
  NUMBER(MAPPER_LINK_DOWN);
  NUMBER(MAPPER_LINK_DEGRADED);

  TEXT(MAPPER_ENTRY_SYMBOL);
  TEXT(MAPPER_EXT_DISCOVERY);
  TEXT(MAPPER_EXT_METHODS);
  TEXT(MAPPER_EXT_SUBSCRIBE);

  NUMBER(MAPPER_METHOD_ARGUMENTS);
  NUMBER(MAPPER_METHOD_IDEMPOTENT);
  NUMBER(MAPPER_METHOD_CHANGES);
  NUMBER(MAPPER_METHOD_CONFIRM);
}

int main(void) {
  data_structs();
  tables();
  extensions();
  codes();
  return faults ? 1 : 0;
}
