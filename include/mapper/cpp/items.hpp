/* SPDX-License-Identifier: Apache-2.0
 *
 * Part of mapper.hpp: points, readings and writes, the items of calls; and reporting.
 */
#ifndef MAPPER_CPP_ITEMS_HPP
#define MAPPER_CPP_ITEMS_HPP

#include <condition_variable>
#include <mutex>

#include "base.hpp"

namespace mapper {

/* One point to bind. */
class Point {
public:
  explicit Point(const mapper_point &point) : point(&point) {}
  uint32_t id() const noexcept { return point->id; }
  mapper_type type() const noexcept { return point->type; }
  bool is_writable() const noexcept { return (point->access & MAPPER_ACCESS_WRITE) != 0; }
  std::string_view name() const noexcept { return point->name; }
  Settings settings() const noexcept { return Settings(point->settings); }
  uint32_t cycle_ms() const noexcept { return point->cycle_ms; }

private:
  const mapper_point *point;
};

/* The points of a bind. */
class Points {
public:
  Points(const Call &call, const mapper_point *points, uint32_t count, mapper_status *results)
      : call(call), points(points), count(count), results(results) {}

  uint32_t size() const noexcept { return count; }
  Point operator[](uint32_t index) const noexcept { return Point(points[index]); }

  /* Calls `body(point)` for each; what it throws is the reason why that point cannot be served. */
  template <class Body> void each(Body body) {
    for (uint32_t i = 0; i < count; i++)
      results[i] = detail::guard_item(call, i, [&] { body(Point(points[i])); });
  }

private:
  const Call &call;
  const mapper_point *points;
  uint32_t count;
  mapper_status *results;
};

/* One sample to fill. */
class Reading {
public:
  Reading(const Call &call, mapper_sample &sample) : call(call), sample(sample) {}

  uint32_t point() const noexcept { return sample.point; }

  Reading &set(bool value) noexcept {
    begin(MAPPER_TYPE_BOOL).value.u64 = value ? 1 : 0;
    return *this;
  }
  /* As the device holds it: MAPPER_TYPE_I8 to MAPPER_TYPE_U64. */
  Reading &set(int64_t value, mapper_type type = MAPPER_TYPE_I64) noexcept {
    begin(type).value.i64 = value;
    return *this;
  }
  Reading &set(uint64_t value, mapper_type type = MAPPER_TYPE_U64) noexcept {
    begin(type).value.u64 = value;
    return *this;
  }
  Reading &set(double value, mapper_type type = MAPPER_TYPE_F64) noexcept {
    begin(type).value.f64 = value;
    return *this;
  }
  /* Any other type would be converted to one of these, and not always to the one that was meant. */
  template <class Other> Reading &set(Other) = delete;
  /* Copies. */
  Reading &text(std::string_view value) { return data(MAPPER_TYPE_TEXT, value); }
  Reading &bytes(std::string_view value) { return data(MAPPER_TYPE_BYTES, value); }

  Reading &quality(uint32_t quality) noexcept {
    sample.quality = quality;
    return *this;
  }
  /* The device's own clock, Unix nanoseconds. */
  Reading &time(int64_t source_ns) noexcept {
    sample.source_ns = source_ns;
    return *this;
  }

private:
  mapper_sample &begin(mapper_type type) noexcept {
    sample.status = MAPPER_OK;
    sample.value = mapper_value();
    sample.value.type = type;
    sample.value.count = 1;
    return sample;
  }
  Reading &data(mapper_type type, std::string_view value) {
    std::string_view copy = call.keep(value);
    begin(type).value.count = static_cast<uint32_t>(copy.size());
    sample.value.data = copy.data();
    return *this;
  }

  const Call &call;
  mapper_sample &sample;
};

/* The samples of a read, in the order of the points that were asked for. */
class Readings {
public:
  Readings(const Call &call, mapper_sample *samples, uint32_t count)
      : call(call), samples(samples), count(count) {}

  uint32_t size() const noexcept { return count; }
  uint32_t point(uint32_t index) const noexcept { return samples[index].point; }

  /* Calls `body(reading)` for each; what it throws is why that point has no value. */
  template <class Body> void each(Body body) {
    for (uint32_t i = 0; i < count; i++) {
      mapper_status status = detail::guard_item(call, i, [&] { body(Reading(call, samples[i])); });
      if (status == MAPPER_OK) continue;
      samples[i].status = status;
      samples[i].value = mapper_value();
    }
  }

private:
  const Call &call;
  mapper_sample *samples;
  uint32_t count;
};

/* The values of a write, in order. */
class Writes {
public:
  Writes(const Call &call, const mapper_write *writes, uint32_t count, mapper_status *results)
      : call(call), writes(writes), count(count), results(results) {}

  uint32_t size() const noexcept { return count; }

  /* Calls `body(point, value)` for each; what it throws is why that value was not written. */
  template <class Body> void each(Body body) {
    for (uint32_t i = 0; i < count; i++)
      results[i] =
          detail::guard_item(call, i, [&] { body(writes[i].point, Value(writes[i].value)); });
  }

private:
  const Call &call;
  const mapper_write *writes;
  uint32_t count;
  mapper_status *results;
};

/* The points of a subscription. */
class Chosen {
public:
  Chosen(const Call &call, const uint32_t *points, uint32_t count, mapper_status *results)
      : call(call), points(points), count(count), results(results) {}

  uint32_t size() const noexcept { return count; }

  /* Calls `body(point)` for each; one for which it throws UNSUPPORTED is polled instead. */
  template <class Body> void each(Body body) {
    for (uint32_t i = 0; i < count; i++)
      results[i] = detail::guard_item(call, i, [&] { body(points[i]); });
  }

private:
  const Call &call;
  const uint32_t *points;
  uint32_t count;
  mapper_status *results;
};

/* Reports for one subscription at a time and keeps the rule of stop: none begins once `end` has
 * returned, and one under way is waited for. Any thread may report; hold no lock that it needs in
 * stop. */
class Reporter {
public:
  explicit Reporter(Host host) : host(host) {}

  void begin(uint64_t subscription) {
    std::lock_guard<std::mutex> hold(lock);
    id = subscription;
    is_open = true;
  }
  void end() {
    std::unique_lock<std::mutex> hold(lock);
    is_open = false;
    idle.wait(hold, [this] { return under_way == 0; });
  }
  /* CLOSED when there is no subscription; BUSY: try the latest again later. */
  mapper_status report(const mapper_sample *samples, uint32_t count) {
    uint64_t subscription;
    {
      std::lock_guard<std::mutex> hold(lock);
      if (!is_open) return MAPPER_CLOSED;
      subscription = id;
      under_way++;
    }
    mapper_status answer = host.report(subscription, samples, count);
    std::lock_guard<std::mutex> hold(lock);
    if (MAPPER_STATUS_CLASS(answer) == MAPPER_CLOSED && id == subscription) is_open = false;
    if (--under_way == 0) idle.notify_all();
    return answer;
  }

private:
  Host host;
  std::mutex lock;
  std::condition_variable idle;
  uint64_t id = 0;
  uint32_t under_way = 0;
  bool is_open = false;
};

} /* namespace mapper */

#endif
