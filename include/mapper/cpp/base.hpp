/* SPDX-License-Identifier: Apache-2.0
 *
 * Part of mapper.hpp: errors, the host, values, settings and calls.
 */
#ifndef MAPPER_CPP_BASE_HPP
#define MAPPER_CPP_BASE_HPP

#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

#include "../mapper.h"

namespace mapper {

/* Why a call, or one item of it, fails. The text is for people. */
class Error : public std::runtime_error {
public:
  Error(mapper_status status, const std::string &text) : std::runtime_error(text), code(status) {}
  mapper_status status() const noexcept { return code; }

private:
  mapper_status code;
};

/* The library's host: set by load, valid until unload. */
class Host {
public:
  Host() = default;
  Host(mapper_host *host, const mapper_host_api *api) : host(host), api(api) {}

  void log(int32_t level, std::string_view text) const noexcept {
    api->log(host, level, text.data(), text.size());
  }
  /* The link of the device that was created with `token` changed by itself. */
  void link(uint64_t token, int32_t state, mapper_status why = MAPPER_OK,
            std::string_view text = {}) const noexcept {
    api->link(host, token, state, why, text.data(), text.size());
  }
  mapper_status report(uint64_t subscription, const mapper_sample *samples,
                       uint32_t count) const noexcept {
    return api->report(host, subscription, samples, count);
  }
  const mapper_host_api &table() const noexcept { return *api; }

private:
  mapper_host *host = nullptr;
  const mapper_host_api *api = nullptr;
};

/* One value, borrowed. A getter throws TYPE when the value is of another kind. */
class Value {
public:
  explicit Value(const mapper_value &value) : value(&value) {}

  mapper_type type() const noexcept { return value->type; }
  const mapper_value &raw() const noexcept { return *value; }

  bool is_integer() const noexcept { return type() >= MAPPER_TYPE_I8 && type() <= MAPPER_TYPE_U64; }
  bool is_number() const noexcept {
    return is_integer() || type() == MAPPER_TYPE_F32 || type() == MAPPER_TYPE_F64;
  }

  bool boolean() const {
    require(type() == MAPPER_TYPE_BOOL, "true or false");
    return value->u64 != 0;
  }
  int64_t integer() const {
    require(is_integer() && !(is_unsigned() && value->u64 > INT64_MAX), "a whole number");
    return value->i64;
  }
  double number() const {
    require(is_number(), "a number");
    if (!is_integer()) return value->f64;
    return is_unsigned() ? static_cast<double>(value->u64) : static_cast<double>(value->i64);
  }
  std::string_view text() const {
    require(type() == MAPPER_TYPE_TEXT, "a text");
    return {static_cast<const char *>(value->count ? value->data : ""), value->count};
  }
  /* Bytes, or the JSON text of a setting that is an object or a list. */
  std::string_view bytes() const {
    require(type() == MAPPER_TYPE_BYTES, "bytes");
    return {static_cast<const char *>(value->count ? value->data : ""), value->count};
  }

private:
  bool is_unsigned() const noexcept {
    return type() == MAPPER_TYPE_U8 || type() == MAPPER_TYPE_U16 || type() == MAPPER_TYPE_U32 ||
           type() == MAPPER_TYPE_U64;
  }
  static void require(bool holds, const char *expected) {
    if (!holds) throw Error(MAPPER_TYPE, std::string("expected ") + expected);
  }

  const mapper_value *value;
};

/* Settings, borrowed; checked against the schema by the host. */
class Settings {
public:
  explicit Settings(const mapper_settings &settings) : settings(&settings) {}

  /* Null when the setting is absent. */
  const mapper_value *find(std::string_view key) const noexcept {
    uint64_t low = 0, high = settings->count;
    while (low < high) {
      uint64_t middle = low + (high - low) / 2;
      int order = std::string_view(settings->items[middle].key).compare(key);
      if (order == 0) return &settings->items[middle].value;
      if (order < 0)
        low = middle + 1;
      else
        high = middle;
    }
    return nullptr;
  }

  int64_t integer(std::string_view key, int64_t fallback) const {
    const mapper_value *value = find(key);
    return value ? Value(*value).integer() : fallback;
  }
  double number(std::string_view key, double fallback) const {
    const mapper_value *value = find(key);
    return value ? Value(*value).number() : fallback;
  }
  bool boolean(std::string_view key, bool fallback) const {
    const mapper_value *value = find(key);
    return value ? Value(*value).boolean() : fallback;
  }
  std::string text(std::string_view key, std::string_view fallback = {}) const {
    const mapper_value *value = find(key);
    return std::string(value ? Value(*value).text() : fallback);
  }

private:
  const mapper_settings *settings;
};

/* The context of a call. Only the thread that runs the call may use it. */
class Call {
public:
  Call(const mapper_host_api &api, const mapper_call *call) : api(&api), call(call) {}

  bool cancelled() const noexcept { return api->cancelled(call); }
  /* Becomes readable once the call is cancelled; the host's. */
  int cancel_fd() const noexcept { return api->cancel_fd(call); }
  /* CLOCK_MONOTONIC. */
  int64_t deadline_ns() const noexcept { return api->deadline_ns(call); }
  /* A copy that lives until the host has taken the results. */
  std::string_view keep(std::string_view data) const {
    if (data.empty()) return {};
    void *memory = api->alloc(call, data.size(), 1);
    if (!memory) throw std::bad_alloc();
    std::memcpy(memory, data.data(), data.size());
    return {static_cast<const char *>(memory), data.size()};
  }
  mapper_status fail(mapper_status status, std::string_view text) const noexcept {
    return api->fail(call, status, text.data(), text.size());
  }
  mapper_status fail_item(uint32_t index, mapper_status status,
                          std::string_view text) const noexcept {
    return api->fail_item(call, index, status, text.data(), text.size());
  }
  const mapper_call *raw() const noexcept { return call; }

private:
  const mapper_host_api *api;
  const mapper_call *call;
};

namespace detail {

inline Host &host() {
  static Host value;
  return value;
}

/* Runs `body`, and makes a status of what it throws; `say` takes the status and the text. */
template <class Body, class Say> mapper_status guard(Body body, Say say) noexcept {
  try {
    body();
    return MAPPER_OK;
  } catch (const Error &error) {
    mapper_status status = error.status() == MAPPER_OK ? MAPPER_INTERNAL : error.status();
    return say(status, error.what());
  } catch (const std::bad_alloc &) {
    return say(MAPPER_NO_MEMORY, "out of memory");
  } catch (const std::exception &error) {
    return say(MAPPER_INTERNAL, error.what());
  } catch (...) {
    return say(MAPPER_INTERNAL, "an unknown exception");
  }
}

template <class Body> mapper_status guard_call(const Call &call, Body body) noexcept {
  return guard(body, [&](mapper_status status, const char *text) noexcept {
    return call.fail(status, text);
  });
}

/* What items of a call have in common: the call, and the place among the items. */
template <class Body>
mapper_status guard_item(const Call &call, uint32_t index, Body body) noexcept {
  return guard(body, [&](mapper_status status, const char *text) noexcept {
    return call.fail_item(index, status, text);
  });
}

} /* namespace detail */

} /* namespace mapper */

#endif
