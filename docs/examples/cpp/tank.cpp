/* SPDX-License-Identifier: Apache-2.0
 *
 * A driver in C++: a tank that exists in memory only. Its level can be read, its valve and label
 * can be set, methods fill and empty it, and it reports by itself what was set.
 */
#include <mapper/mapper.hpp>

#include <csignal>
#include <thread>
#include <vector>

#include "device_schema.h"
#include "point_schema.h"

namespace {

enum class Place { none, level, valve, label };

/* A thread of the driver's own leaves signals to the host. */
class SignalsBlocked {
public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }

private:
  sigset_t before;
};

class Tank {
public:
  Tank(mapper::Host host, uint64_t, mapper::Settings settings)
      : capacity(settings.number("capacity", 100)), reporter(host) {}
  ~Tank() { halt(); }

  void bind(mapper::Call &, mapper::Points points) {
    std::vector<Place> fresh(points.size(), Place::none);
    points.each([&](mapper::Point point) {
      std::string address = point.settings().text("address");
      if (address == "level" && point.is_writable())
        throw mapper::Error(MAPPER_DENIED, "level cannot be set: expected ReadOnly");
      fresh[point.id()] = place_of(address);
    });
    places = std::move(fresh);
  }

  void open(mapper::Call &) {}
  void close() noexcept {}

  void read(mapper::Call &, mapper::Readings readings) {
    std::lock_guard<std::mutex> hold(lock);
    readings.each([&](mapper::Reading reading) {
      switch (place(reading.point())) {
      case Place::level:
        reading.set(level);
        break;
      case Place::valve:
        reading.set(is_open);
        break;
      case Place::label:
        reading.text(label);
        break;
      case Place::none:
        throw mapper::Error(MAPPER_NOT_FOUND, "no such point");
      }
    });
  }

  void write(mapper::Call &, mapper::Writes writes) {
    std::lock_guard<std::mutex> hold(lock);
    writes.each([&](uint32_t point, mapper::Value value) {
      switch (place(point)) {
      case Place::valve:
        is_open = value.boolean();
        break;
      case Place::label:
        label = value.text();
        break;
      default:
        throw mapper::Error(MAPPER_DENIED, "cannot be set");
      }
    });
    has_news = true;
    news.notify_one();
  }

  /* ---- methods ---- */

  double fill(mapper::Call &, double litres) {
    std::lock_guard<std::mutex> hold(lock);
    if (!(litres >= 0 && level + litres <= capacity))
      throw mapper::Error(MAPPER_INVALID, "litres: expected 0 to what is free");
    return level += litres;
  }
  void empty(mapper::Call &) {
    std::lock_guard<std::mutex> hold(lock);
    level = 0;
  }
  std::string greet(mapper::Call &, std::string_view name) { return "hello " + std::string(name); }

  static const mapper_methods *methods() {
    static const mapper_method rows[] = {
        mapper::method<&Tank::fill>("fill", "adds litres and tells the level",
                                    MAPPER_METHOD_CHANGES, "litres"),
        mapper::method<&Tank::empty>("empty", "lets all out",
                                     MAPPER_METHOD_CHANGES | MAPPER_METHOD_IDEMPOTENT),
        mapper::method<&Tank::greet>("greet", "answers", MAPPER_METHOD_IDEMPOTENT, "name"),
    };
    static const mapper_methods table = mapper::methods(rows);
    return &table;
  }

  /* ---- reporting ---- */

  void start(mapper::Call &, uint64_t subscription, mapper::Chosen chosen, uint32_t) {
    chosen.each([&](uint32_t point) {
      if (place(point) != Place::valve) throw mapper::Error(MAPPER_UNSUPPORTED, "is polled");
      valve = point;
    });
    reporter.begin(subscription);
    is_stopping = false;
    has_news = true;
    SignalsBlocked blocked;
    thread = std::thread([this] { run(); });
  }
  void stop(uint64_t) noexcept { halt(); }

private:
  static Place place_of(const std::string &address) {
    if (address == "level") return Place::level;
    if (address == "valve") return Place::valve;
    if (address == "label") return Place::label;
    throw mapper::Error(MAPPER_NOT_FOUND, "'" + address + "': expected level, valve or label");
  }

  Place place(uint32_t point) const { return point < places.size() ? places[point] : Place::none; }

  void run() {
    std::unique_lock<std::mutex> hold(lock);
    while (!is_stopping) {
      if (!has_news) {
        news.wait(hold);
        continue;
      }
      has_news = false;
      mapper_sample sample{};
      sample.point = valve;
      sample.value.type = MAPPER_TYPE_BOOL;
      sample.value.count = 1;
      sample.value.u64 = is_open ? 1 : 0;
      hold.unlock();
      mapper_status answer = reporter.report(&sample, 1);
      hold.lock();
      if (answer != MAPPER_BUSY) continue;
      has_news = true;
      news.wait_for(hold, std::chrono::milliseconds(20), [this] { return is_stopping; });
    }
  }

  void halt() noexcept {
    {
      std::lock_guard<std::mutex> hold(lock);
      is_stopping = true;
    }
    news.notify_one();
    if (thread.joinable()) thread.join();
    reporter.end();
  }

  const double capacity;
  std::vector<Place> places;
  mapper::Reporter reporter;
  std::thread thread;
  std::condition_variable news;
  std::mutex lock; /* of what follows */
  double level = 20;
  bool is_open = false;
  std::string label = "tank";
  uint32_t valve = 0;
  bool has_news = false, is_stopping = false;
};

const mapper_driver driver =
    mapper::driver<Tank>("tank", "Tanks, an example in C++", device_schema, point_schema);

} /* namespace */

MAPPER_LIBRARY("tank", "1.0.0", driver)
