// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// The results as JUnit XML, which CI systems read.
package enum JUnitReport {
  package static func xml(_ results: [CheckResult], library: String) -> String {
    let failed = results.count { $0.isFailed }
    let skipped = results.count { if case .skipped = $0.outcome { true } else { false } }
    var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    text +=
      "<testsuite name=\"\(escaped("mapper-check " + library))\" tests=\"\(results.count)\" "
      + "failures=\"\(failed)\" skipped=\"\(skipped)\" errors=\"0\">\n"
    for result in results {
      let group = result.driver.isEmpty ? "library" : result.driver
      text +=
        "  <testcase classname=\"\(escaped(group))\" name=\"\(escaped(result.id + ": " + result.requirement))\" "
        + "time=\"\(seconds(result.milliseconds))\""
      switch result.outcome {
      case .passed: text += "/>\n"
      case .skipped(let why): text += "><skipped message=\"\(escaped(why))\"/></testcase>\n"
      case .failed(let expected, let seen):
        text += ">\n    <failure message=\"\(escaped("expected " + expected + "; seen " + seen))\">"
        text += escaped(result.output) + "</failure>\n  </testcase>\n"
      }
    }
    return text + "</testsuite>\n"
  }

  private static func seconds(_ milliseconds: Int) -> String {
    let rest = "\(milliseconds % 1000)"
    return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
  }

  /// XML 1.0 has no control characters but tab, newline and return, not even as references.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\t", "\n", "\r": result += "&#\(scalar.value);"
      case "\u{20}"..."\u{D7FF}", "\u{E000}"..."\u{FFFD}", "\u{10000}"..."\u{10FFFF}":
        result.unicodeScalars.append(scalar)
      default: result += "\u{FFFD}"
      }
    }
    return result
  }
}
