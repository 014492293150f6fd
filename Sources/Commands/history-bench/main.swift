// SPDX-License-Identifier: Apache-2.0

// What the history costs: `history-bench [POINTS [HOURS [FOLDER]]]`, a release build. One line of JSON.
//
// The points are read once a second in batches of ten, as ten properties of a device. The file stays in
// FOLDER where one is named: a state folder for an agent that answers the same queries over HTTP.
import DeviceAPI
import Glibc
import History
import Logging

func processCPU() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func threadCPU() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func text(_ value: Double) -> String { "\((value * 1000).rounded() / 1000)" }

let arguments = CommandLine.arguments
let points = arguments.count > 1 ? Int(arguments[1]) ?? 1000 : 1000
let hours = arguments.count > 2 ? Int(arguments[2]) ?? 24 : 24
let folder = arguments.count > 3 ? arguments[3] : "/tmp/history-bench-\(getpid())"
mkdir(folder, 0o755)
let path = folder + "/history.db"

let perDevice = 10
let properties = (0..<perDevice).map { PropertyDescription(name: "p\($0)", type: .float) }
var options = HistoryOptions(path: path)
options.maximumBytes = 4 << 30
let history = History(options, log: Logger(label: "bench"))
try await history.start()

let devices = (0..<max(1, points / perDevice)).compactMap {
  DeviceName(namespace: "default", name: "d\($0)")
}
let sinks = devices.compactMap {
  history.sink(for: DeviceDescription(name: $0, model: "m", properties: properties))
}

// Sensors of tenths that wander, and arrive with a jitter of a few milliseconds: all batches of one second
// are made beforehand, so that making them is not counted.
struct Congruence {
  private var seed: UInt64 = 42
  mutating func next(below count: Int) -> Int {
    seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(seed >> 33) % count
  }
}
var random = Congruence()
var levels = [Int](repeating: 2150, count: perDevice)
let variants = (0..<512).map { _ in
  (0..<perDevice).map { place in
    levels[place] += random.next(below: 7) - 3
    return Sample(property: place, quality: .good, value: .float(Float(Double(levels[place]) * 0.1)))
  }
}

let seconds = hours * 3600
let now = WallClock.system.milliseconds
let begin = now - Int64(seconds) * 1000
let cpu = processCPU()
var appending = 0.0
for second in 0..<seconds {
  let time = (begin + Int64(second) * 1000 + Int64(random.next(below: 5)) - 2) * 1_000_000
  let start = threadCPU()
  for (number, sink) in sinks.enumerated() { sink.take(variants[(second + number) % 512], arrival: time) }
  appending += threadCPU() - start
  // The worker keeps pace with the days that pass here in a minute.
  if second % 60 == 59, history.statistics.memoryBytes > options.memoryBytes / 4 { _ = await history.flush() }
}
let saved = await history.flush()
let total = processCPU() - cpu
let samples = Double(history.statistics.samples)

var times: [Double] = []
var rows = 0
let beforeQueries = processCPU()
for round in 0..<100 {
  let device = devices[round * 7 % devices.count]
  let start = WallClock.monotonic
  let answer = try await history.history(
    HistoryQuery(
      device: device, property: "p\(round % perDevice)", from: begin, to: now,
      step: Int64(seconds) * 1000 / 500, limit: 2000))
  let milliseconds = Double(WallClock.monotonic - start) / 1e6
  if case .steps(let steps) = answer.rows { rows = steps.count }
  times.append(milliseconds)
}
let queryCPU = (processCPU() - beforeQueries) / Double(times.count) * 1000
times.sort()
let statistics = history.statistics
await history.stop()
var facts = stat()
stat(path, &facts)
print(
  "{\"points\":\(points),\"hours\":\(hours),\"samples\":\(Int(samples)),\"saved\":\(saved),"
    + "\"dropped\":\(statistics.dropped),\"appendMicroseconds\":\(text(appending / samples * 1e6)),"
    + "\"totalMicroseconds\":\(text(total / samples * 1e6)),"
    + "\"bytesPerSample\":\(text(Double(facts.st_size) / samples)),\"blocks\":\(statistics.blocks),"
    + "\"steps\":\(rows),\"queryMedianMilliseconds\":\(text(times[times.count / 2])),"
    + "\"query95thMilliseconds\":\(text(times[times.count * 95 / 100])),"
    + "\"queryCPUMilliseconds\":\(text(queryCPU))}")
if arguments.count <= 3 {
  for end in ["", "-wal", "-shm"] { unlink(path + end) }
  rmdir(folder)
}
