// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import KubeAPI
internal import Synchronization

/// What other threads ask of the manifest thread.
enum ManifestJob: Sendable {
  case apply(text: String, source: String, ManifestReply)
  case delete(ObjectKey, ManifestReply)
}

/// Where the asking thread waits for the answer.
final class ManifestReply: Sendable {
  typealias Answer = Result<[ManifestChange], ManifestError>

  private let answer = Mutex<Answer?>(nil)
  private let bell: Bell

  init?() {
    guard let bell = Bell() else { return nil }
    self.bell = bell
  }

  func give(_ answer: Answer) {
    self.answer.withLock { $0 = answer }
    bell.ring()
  }

  /// Nil after the limit: then the outcome is not known.
  func wait(milliseconds: Int32) -> Answer? {
    _ = bell.wait(milliseconds: milliseconds)
    return answer.withLock { $0 }
  }
}
