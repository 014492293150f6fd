// SPDX-License-Identifier: Apache-2.0
internal import Threads

/// What the system refuses is one kind of error here, whatever it was asked for.
extension WakeUp {
  static func make() throws(FileProblem) -> WakeUp {
    do throws(CreateError) { return try WakeUp() } catch { throw FileProblem(error.description) }
  }
}

extension WorkerThread {
  /// - Parameter name: at most 15 characters, as the kernel shows it.
  static func start(
    _ name: String, _ body: @escaping @Sendable () -> Void
  ) throws(FileProblem) -> WorkerThread {
    do throws(StartError) {
      return try WorkerThread(name, body)
    } catch {
      throw FileProblem(error.description)
    }
  }
}
