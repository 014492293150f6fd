/* SPDX-License-Identifier: Apache-2.0
 *
 * Part of mapper.hpp: the table of a driver out of a class.
 */
#ifndef MAPPER_CPP_DRIVER_HPP
#define MAPPER_CPP_DRIVER_HPP

#include <memory>
#include <type_traits>
#include <utility>

#include "../ext/subscribe.h"
#include "items.hpp"
#include "methods.hpp"

namespace mapper {

namespace detail {

template <class D, class = void> struct HasLane : std::false_type {};
template <class D>
struct HasLane<D, std::void_t<decltype(D::lane(std::declval<Settings>()))>> : std::true_type {};
template <class D, class = void> struct HasWrite : std::false_type {};
template <class D> struct HasWrite<D, std::void_t<decltype(&D::write)>> : std::true_type {};
template <class D, class = void> struct HasMethods : std::false_type {};
template <class D> struct HasMethods<D, std::void_t<decltype(D::methods())>> : std::true_type {};
template <class D, class = void> struct HasStart : std::false_type {};
template <class D>
struct HasStart<D, std::void_t<decltype(&D::start), decltype(&D::stop)>> : std::true_type {};

/* The C functions of a driver's table around its class. */
template <class D> struct Glue {
  static D *own(mapper_device *device) noexcept { return reinterpret_cast<D *>(device); }

  static size_t lane(const mapper_settings *settings, char *key, size_t capacity) noexcept {
    size_t size = 0;
    guard(
        [&] {
          std::string text = D::lane(Settings(*settings));
          if (text.size() > capacity) return;
          std::memcpy(key, text.data(), text.size());
          size = text.size();
        },
        [](mapper_status status, const char *) noexcept { return status; });
    return size;
  }

  static mapper_status create(mapper_host *, uint64_t token, const mapper_settings *settings,
                              const mapper_call *raw, mapper_device **out) noexcept {
    Call call(host().table(), raw);
    return guard_call(call, [&] {
      auto device = std::make_unique<D>(host(), token, Settings(*settings));
      *out = reinterpret_cast<mapper_device *>(device.release());
    });
  }

  static mapper_status bind(mapper_device *device, const mapper_call *raw,
                            const mapper_point *points, uint32_t count,
                            mapper_status *results) noexcept {
    Call call(host().table(), raw);
    for (uint32_t i = 0; i < count; i++) results[i] = MAPPER_OK;
    return guard_call(call, [&] { own(device)->bind(call, Points(call, points, count, results)); });
  }

  static mapper_status open(mapper_device *device, const mapper_call *raw) noexcept {
    Call call(host().table(), raw);
    return guard_call(call, [&] { own(device)->open(call); });
  }

  static mapper_status read(mapper_device *device, const mapper_call *raw, const uint32_t *,
                            uint32_t count, mapper_sample *out) noexcept {
    Call call(host().table(), raw);
    return guard_call(call, [&] { own(device)->read(call, Readings(call, out, count)); });
  }

  static mapper_status write(mapper_device *device, const mapper_call *raw,
                             const mapper_write *writes, uint32_t count,
                             mapper_status *results) noexcept {
    Call call(host().table(), raw);
    return guard_call(call,
                      [&] { own(device)->write(call, Writes(call, writes, count, results)); });
  }

  static void close(mapper_device *device) noexcept { own(device)->close(); }
  static void destroy(mapper_device *device) noexcept { delete own(device); }

  static mapper_status start(mapper_device *device, const mapper_call *raw, uint64_t subscription,
                             const uint32_t *points, uint32_t count, uint32_t min_interval_ms,
                             mapper_status *results) noexcept {
    Call call(host().table(), raw);
    for (uint32_t i = 0; i < count; i++) results[i] = MAPPER_OK;
    return guard_call(call, [&] {
      own(device)->start(call, subscription, Chosen(call, points, count, results), min_interval_ms);
    });
  }
  static void stop(mapper_device *device, uint64_t subscription) noexcept {
    own(device)->stop(subscription);
  }

  static const void *query(const char *id) noexcept {
    if constexpr (HasMethods<D>::value) {
      if (std::strcmp(id, MAPPER_EXT_METHODS) == 0) return D::methods();
    }
    if constexpr (HasStart<D>::value) {
      static const mapper_subscribe table{sizeof(mapper_subscribe), 0, start, stop};
      if (std::strcmp(id, MAPPER_EXT_SUBSCRIBE) == 0) return &table;
    }
    return nullptr;
  }
};

} /* namespace detail */

/* The table of a driver whose devices are of class D. Texts must live as long as the library;
 * a schema may be null: takes no settings. */
template <class D>
mapper_driver driver(const char *id, const char *title, const char *device_schema,
                     const char *point_schema) noexcept {
  using Glue = detail::Glue<D>;
  mapper_driver table{};
  table.size = sizeof(mapper_driver);
  table.id = id;
  table.title = title;
  table.device_schema = device_schema;
  table.point_schema = point_schema;
  if constexpr (detail::HasLane<D>::value) table.lane = Glue::lane;
  table.create = Glue::create;
  table.bind = Glue::bind;
  table.open = Glue::open;
  table.read = Glue::read;
  if constexpr (detail::HasWrite<D>::value) table.write = Glue::write;
  table.close = Glue::close;
  table.destroy = Glue::destroy;
  table.query = Glue::query;
  return table;
}

} /* namespace mapper */

#endif
