// SPDX-License-Identifier: Apache-2.0
internal import Beehive
package import DeviceAPI
internal import Glibc
package import JSON
internal import KubeAPI
package import Logging
internal import Synchronization
internal import Threads

/// The devices of a standalone node: a watched folder of Device and DeviceModel manifests.
///
/// Files are `*.yaml`, `*.yml` and `*.json`, with any number of objects, in any order. One thread of its own
/// watches the folder, reads, writes and tells the consumers, so their calls are serial; a change on disk is
/// in force within about 100 ms. A file that is wrong takes nothing away: its objects stay what they were
/// until it is right.
package final class StandaloneManifests: Module, ManifestStore {
  package let name = "metaManager"

  /// Requests beyond this are refused, so that a stuck disk cannot fill the memory.
  private static let maximumJobs = 64
  private static let answerLimit: Int32 = 30_000

  private enum Life { case new, running, stopping, ended }

  private struct Shared {
    var life = Life.new
    var jobs: [ManifestJob] = []
    var objects: [ManifestObject] = []
    var problems: [ManifestProblem] = []
    var started: CheckedContinuation<Void, any Error>?
    var stopped: [CheckedContinuation<Void, Never>] = []
  }

  private let folder: String
  private let consumers: [any DeviceConsumer]
  private let knownDevices: @Sendable () -> [DeviceName]
  private let log: Logger
  private let writingSeconds: Int64
  private let bell: Bell?
  private let shared = Mutex(Shared())

  /// - Parameters:
  ///   - folder: is made if it is not there.
  ///   - consumers: told in this order, on the manifest thread, the first time within `start`.
  ///   - knownDevices: those of an earlier run, asked for at start. They are removed when no manifest declares
  ///     them, but not before every file can be read.
  ///   - writingSeconds: a file that somebody has open for writing is left alone until it is closed, or was not written
  ///     to for so long.
  package init(
    folder: String, consumers: [any DeviceConsumer], knownDevices: @escaping @Sendable () -> [DeviceName],
    log: Logger, writingSeconds: Int64 = 3
  ) {
    self.folder = folder
    self.writingSeconds = writingSeconds
    self.consumers = consumers
    self.knownDevices = knownDevices
    self.log = log
    bell = Bell()
  }

  // MARK: - Module

  /// Returns once the consumers know every device of the folder.
  package func start() async throws {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      shared.withLock {
        $0.started = continuation
        $0.life = .running
      }
      do {
        guard bell != nil else { throw ManifestError.storage("no file descriptors left") }
        _ = try WorkerThread("manifests") { self.run() }
      } catch {
        finishStart((error as? ManifestError) ?? .storage("\(error)"))
        end()
      }
    }
  }

  package func stop() async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let mustWait = shared.withLock { shared -> Bool in
        guard shared.life == .running || shared.life == .stopping else { return false }
        shared.life = .stopping
        shared.stopped.append(continuation)
        return true
      }
      if mustWait { bell?.ring() } else { continuation.resume() }
    }
  }

  // MARK: - ManifestStore

  package func apply(_ text: String, source: String) throws(ManifestError) -> [ManifestChange] {
    try ask { .apply(text: text, source: source, $0) }
  }

  package func delete(kind: String, namespace: String, name: String) throws(ManifestError) -> ManifestChange {
    guard let known = ObjectKind.allCases.first(where: { $0.rawValue.lowercased() == kind.lowercased() }),
      let object = DeviceName(namespace: namespace, name: name)
    else { throw .notFound("\(kind) \(namespace)/\(name)") }
    let key = ObjectKey(known, object)
    let changes = try ask { .delete(key, $0) }
    return changes.first
      ?? ManifestChange(kind: known.rawValue, namespace: namespace, name: name, outcome: .deleted)
  }

  /// Sorted by file and line.
  package func problems() -> [ManifestProblem] { shared.withLock { $0.problems } }

  /// The good objects, sorted by kind and name, as the Kubernetes API would show them.
  package func objects() -> [JSON] { shared.withLock { $0.objects }.map(\.json) }

  private func ask(_ job: (ManifestReply) -> ManifestJob) throws(ManifestError) -> [ManifestChange] {
    guard let reply = ManifestReply() else { throw .storage("no file descriptors left") }
    let refusal = shared.withLock { shared -> String? in
      guard shared.life == .running else { return "the manifest folder is not in use" }
      guard shared.jobs.count < Self.maximumJobs else { return "too many changes of manifests wait already" }
      shared.jobs.append(job(reply))
      return nil
    }
    if let refusal { throw .storage(refusal) }
    bell?.ring()
    guard let answer = reply.wait(milliseconds: Self.answerLimit) else {
      throw .storage("the disk did not answer within \(Self.answerLimit / 1000) s; the outcome is not known")
    }
    return try answer.get()
  }

  // MARK: - The thread

  fileprivate func run() {
    guard let bell else { return }
    let worker = ManifestWorker(
      folder: folder, consumers: consumers, writing: writingSeconds * 1_000_000_000, log: log)
    do throws(ManifestError) {
      try worker.open(remembered: knownDevices())
    } catch {
      finishStart(error)
      end()
      return
    }
    publish(worker)
    finishStart(nil)
    while true {
      worker.wait(bell)
      let (jobs, isLast) = shared.withLock { shared -> ([ManifestJob], Bool) in
        defer { shared.jobs = [] }
        return (shared.jobs, shared.life == .stopping)
      }
      for job in jobs { perform(job, worker) }
      if worker.scanIfDue() { publish(worker) }
      if isLast { break }
    }
    end()
  }

  private func perform(_ job: ManifestJob, _ worker: ManifestWorker) {
    let answer: ManifestReply.Answer
    let waiting: ManifestReply
    switch job {
    case .apply(let text, let source, let reply):
      answer = worker.apply(text, source: source)
      waiting = reply
    case .delete(let key, let reply):
      answer = worker.delete(key)
      waiting = reply
    }
    publish(worker)
    waiting.give(answer)
  }

  private func publish(_ worker: ManifestWorker) {
    let objects = worker.objects
    let problems = worker.problems
    shared.withLock {
      $0.objects = objects
      $0.problems = problems
    }
  }

  private func finishStart(_ error: ManifestError?) {
    let started = shared.withLock { shared in
      defer { shared.started = nil }
      return shared.started
    }
    if let error { started?.resume(throwing: error) } else { started?.resume() }
  }

  private func end() {
    let (stopped, jobs) = shared.withLock { shared in
      shared.life = .ended
      defer {
        shared.stopped = []
        shared.jobs = []
      }
      return (shared.stopped, shared.jobs)
    }
    for job in jobs {
      switch job {
      case .apply(_, _, let reply), .delete(_, let reply):
        reply.give(.failure(.storage("the manifest folder is not in use")))
      }
    }
    for continuation in stopped { continuation.resume() }
  }
}
