// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Values that stand beside an axis: round ones, a few.
struct PlotScale {
  let low: Double
  let high: Double
  /// From below to above, each with its text.
  let marks: [(value: Double, text: String)]

  /// - Parameter count: marks at most, at least 2.
  init(low: Double, high: Double, count: Int) {
    var low = low
    var high = high
    if high <= low {
      // One value alone stands in the middle.
      let half = max(abs(low) * 0.05, 1)
      low -= half
      high += half
    }
    self.low = low
    self.high = high
    let step = Self.step(atLeast: (high - low) / Double(max(2, count)))
    let decimals = NumberText.decimals(for: step)
    var marks: [(Double, String)] = []
    var value = (low / step).rounded(.up) * step
    while value <= high, marks.count <= count {
      marks.append((value, NumberText.fixed(value, decimals: decimals)))
      value += step
    }
    self.marks = marks
  }

  /// 1, 2 or 5 times a power of ten.
  private static func step(atLeast least: Double) -> Double {
    guard least > 0, least.isFinite else { return 1 }
    let power = pow(10, log10(least).rounded(.down))
    return ([1.0, 2, 5].first { $0 * power >= least } ?? 10) * power
  }
}

/// Times that stand below an axis: round ones of local time.
struct PlotTimes {
  /// Unix milliseconds, with its text.
  let marks: [(time: Int64, text: String)]

  private static let steps: [Int64] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
    172_800,
    604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000,
  ].map { $0 * 1000 }

  /// - Parameter width: of the axis, in characters.
  init(from: Int64, to: Int64, width: Int) {
    let span = max(1, to - from)
    let labelWidth = span > 86_400_000 ? 14 : 11
    let count = Int64(max(1, width / labelWidth))
    let step = Self.steps.first { span / $0 <= count } ?? span
    var seconds = time_t(from / 1000)
    var local = tm()
    localtime_r(&seconds, &local)
    let offset = Int64(local.tm_gmtoff) * 1000
    var time = (from + offset + step - 1) / step * step - offset
    var marks: [(Int64, String)] = []
    while time <= to {
      let place = LocalTime(time)
      let text =
        switch step {
        case ..<60_000: place.second
        case ..<86_400_000:
          span > 86_400_000 ? place.monthAndDay + " " + place.minute : place.minute
        default: place.monthAndDay
        }
      marks.append((time, text))
      time += step
    }
    self.marks = marks
  }
}
