/* SPDX-License-Identifier: Apache-2.0
 *
 * Part of mapper.hpp: rows of ext/methods.h out of member functions.
 */
#ifndef MAPPER_CPP_METHODS_HPP
#define MAPPER_CPP_METHODS_HPP

#include <array>
#include <forward_list>
#include <initializer_list>
#include <mutex>
#include <type_traits>
#include <vector>

#include "../ext/methods.h"
#include "base.hpp"

namespace mapper {

namespace detail {

/* The C type and the code of an argument, and what a member function is given. */
template <class T> struct Argument {
  static_assert(sizeof(T) == 0, "an argument of a method is bool, int64_t, uint64_t, double, "
                                "std::string_view or mapper_bytes");
};
template <class C, mapper_type type> struct Plain {
  using CType = C;
  static constexpr mapper_type code = type;
  static C take(C value) noexcept { return value; }
};
template <> struct Argument<bool> : Plain<bool, MAPPER_TYPE_BOOL> {};
template <> struct Argument<int64_t> : Plain<int64_t, MAPPER_TYPE_I64> {};
template <> struct Argument<uint64_t> : Plain<uint64_t, MAPPER_TYPE_U64> {};
template <> struct Argument<double> : Plain<double, MAPPER_TYPE_F64> {};
template <> struct Argument<std::string_view> {
  using CType = const char *;
  static constexpr mapper_type code = MAPPER_TYPE_TEXT;
  static std::string_view take(const char *text) noexcept { return text; }
};
template <> struct Argument<mapper_bytes> {
  using CType = const mapper_bytes *;
  static constexpr mapper_type code = MAPPER_TYPE_BYTES;
  static mapper_bytes take(const mapper_bytes *bytes) noexcept { return *bytes; }
};

template <class R> struct Result {
  using CType = typename Argument<R>::CType;
  static constexpr mapper_type code = Argument<R>::code;
  static void give(const Call &, R value, CType *out) noexcept { *out = value; }
};
template <> struct Result<std::string> {
  using CType = const char *;
  static constexpr mapper_type code = MAPPER_TYPE_TEXT;
  static void give(const Call &call, const std::string &text, const char **out) {
    *out = text.empty() ? "" : call.keep({text.c_str(), text.size() + 1}).data();
  }
};

template <auto function> struct Method;
template <class D, class R, class... A, R (D::*function)(Call &, A...)> struct Method<function> {
  static constexpr size_t count = sizeof...(A);
  static_assert(count <= MAPPER_METHOD_ARGUMENTS, "too many arguments");
  static constexpr std::array<mapper_type, count ? count : 1> types{{Argument<A>::code...}};

  template <class Out>
  static mapper_status call(mapper_device *device, const mapper_call *raw, Out *out,
                            typename Argument<A>::CType... arguments) {
    Call call(host().table(), raw);
    return guard_call(call, [&] {
      D *self = reinterpret_cast<D *>(device);
      if constexpr (std::is_void_v<R>)
        (self->*function)(call, Argument<A>::take(arguments)...);
      else
        Result<R>::give(call, (self->*function)(call, Argument<A>::take(arguments)...), out);
    });
  }

  static mapper_function pointer() noexcept {
    if constexpr (std::is_void_v<R>)
      return reinterpret_cast<mapper_function>(&call<mapper_nothing>);
    else
      return reinterpret_cast<mapper_function>(&call<typename Result<R>::CType>);
  }
  static constexpr mapper_type result() noexcept {
    if constexpr (std::is_void_v<R>)
      return MAPPER_TYPE_NONE;
    else
      return Result<R>::code;
  }
};

/* Rows live as long as the library, and so do the names of their arguments: two rows of one
 * function may name them differently. */
inline const char *const *keep_names(std::initializer_list<const char *> names) {
  static std::mutex lock;
  static std::forward_list<std::vector<const char *>> kept;
  std::lock_guard<std::mutex> guard(lock);
  return kept.emplace_front(names).data();
}

} /* namespace detail */

/* A row of a table of methods, for a member function
 *
 *   R f(mapper::Call &call, A a, B b …)
 *
 * with arguments of bool, int64_t, uint64_t, double, std::string_view, mapper_bytes, and a result
 * of void, bool, int64_t, uint64_t, double or std::string. Each argument is named, in order; texts
 * are literals.
 *
 *   const mapper_methods *Pump::methods() {
 *     static const mapper_method rows[] = {
 *         mapper::method<&Pump::scale>("scale", "…", MAPPER_METHOD_IDEMPOTENT, "value", "invert"),
 *     };
 *     static const mapper_methods table = mapper::methods(rows);
 *     return &table;
 *   }
 */
template <auto function, class... Name>
mapper_method method(const char *name, const char *summary, uint32_t flags, Name... argument) {
  using Of = detail::Method<function>;
  static_assert(sizeof...(Name) == Of::count, "each argument of the method needs a name");
  mapper_method row{};
  row.size = sizeof(mapper_method);
  row.result = Of::result();
  row.count = static_cast<uint16_t>(Of::count);
  row.name = name;
  row.arguments = Of::count ? Of::types.data() : nullptr;
  row.flags = flags;
  row.call = Of::pointer();
  row.names = Of::count ? detail::keep_names({argument...}) : nullptr;
  row.summary = summary;
  return row;
}

template <uint32_t count> mapper_methods methods(const mapper_method (&rows)[count]) {
  return mapper_methods{sizeof(mapper_methods), count, sizeof(mapper_method), 0, rows};
}

} /* namespace mapper */

#endif
