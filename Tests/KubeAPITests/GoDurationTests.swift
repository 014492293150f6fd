// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import Testing

@Suite struct GoDurationTests {
  @Test(arguments: [
    ("5000", 5000), ("0", 0), ("1h30m", 5_400_000), ("250ms", 250), ("1.5s", 1500), ("2m", 120_000),
    ("1500us", 2),
    (".5s", 500), ("1m0.25s", 60_250),
  ])
  func `reads milliseconds and durations`(text: String, milliseconds: Int) {
    #expect(GoDuration.milliseconds(text) == milliseconds)
  }

  @Test(arguments: [
    "", "-5", "+5", "5x", "s", ".s", "1h ", " 1h", "1.2.3s", "1h30", "99999999999999999999h", "1e9h", "-1s",
  ])
  func `refuses everything else`(text: String) { #expect(GoDuration.milliseconds(text) == nil) }
}
