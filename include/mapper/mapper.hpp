/* SPDX-License-Identifier: Apache-2.0
 *
 * Drivers in C++17. Not part of the ABI: all of it is in this header and uses only what the C
 * headers offer. A driver is a class, one object a device:
 *
 *   class Pump {
 *    public:
 *     Pump(mapper::Host host, uint64_t token, mapper::Settings settings);  // create; no I/O
 *     void bind(mapper::Call &call, mapper::Points points);                // no I/O
 *     void open(mapper::Call &call);
 *     void read(mapper::Call &call, mapper::Readings readings);
 *     void write(mapper::Call &call, mapper::Writes writes);               // may be left out
 *     void close() noexcept;
 *     static std::string lane(mapper::Settings settings);                  // may be left out
 *     static const mapper_methods *methods();                              // may be left out
 *     void start(mapper::Call &call, uint64_t subscription, mapper::Chosen points,
 *                uint32_t min_interval_ms);                                // may be left out,
 *     void stop(uint64_t subscription) noexcept;                           // both together
 *   };
 *   static const mapper_driver driver = mapper::driver<Pump>("pump", "Pumps", device, point);
 *   MAPPER_LIBRARY("pump", "1.0.0", driver)
 *
 * No exception crosses the border: an Error becomes its status and text, std::bad_alloc NO_MEMORY,
 * everything else INTERNAL with what() as the text. What the C headers say of threads holds here.
 * The objects that calls are given are views: they are dead once the call returns.
 *
 * Link with mapper.map (mapper.mk does), since the C++ library's templates would be exported.
 */
#ifndef MAPPER_MAPPER_HPP
#define MAPPER_MAPPER_HPP

#include "cpp/base.hpp"
#include "cpp/driver.hpp"
#include "cpp/items.hpp"
#include "cpp/methods.hpp"

/* Defines mapper_entry for a library with one driver. */
#define MAPPER_LIBRARY(name_, version_, driver_)                                                   \
  static mapper_status mapper_library_load(mapper_host *host, const mapper_host_api *api) {        \
    mapper::detail::host() = mapper::Host(host, api);                                              \
    return MAPPER_OK;                                                                              \
  }                                                                                                \
  static const mapper_driver *mapper_library_driver(uint32_t index) {                              \
    return index == 0 ? &(driver_) : nullptr;                                                      \
  }                                                                                                \
  MAPPER_EXPORT const mapper_entry_v1 mapper_entry = {                                             \
      sizeof(mapper_entry_v1), MAPPER_ABI_MAJOR, MAPPER_ABI_TARGET,    0, name_, version_,         \
      mapper_library_load,     nullptr,          mapper_library_driver};

#endif
