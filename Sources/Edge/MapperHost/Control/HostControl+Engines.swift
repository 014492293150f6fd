// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import DeviceAPI
internal import Glibc
internal import Logging
internal import Threads

/// Starting what runs a library.
extension HostControl {
  /// Starts a process, or the engine in this one, as the runner is to have it.
  func startEngine(_ runner: Runner) {
    reportsAreStale = true
    let number = runner.number
    let generation = runner.beginProcess()
    var log = log
    log[metadataKey: "mapper"] = "\(runner.place.name)"
    let report: @Sendable (RunnerEvent) -> Void = { [inbox] event in
      inbox.post(.runner(number: number, generation: generation, event))
    }
    do throws(FileProblem) {
      if runner.isTrial || runner.isolation == .process {
        try startProcess(runner, log, report)
      } else {
        try startLocal(runner, log, report)
      }
    } catch {
      ended(runner, RunnerEnd(kind: .notStarted, reason: error.description))
    }
  }

  private func startProcess(
    _ runner: Runner, _ log: Logger, _ report: @escaping @Sendable (RunnerEvent) -> Void
  ) throws(FileProblem) {
    let limits = try RunnerLimits(
      options.limits.limits(of: runner.place.name), snapshot: runner.snapshot.path)
    let process = try RunnerProcess(
      program: options.runner, library: runner.snapshot.path, environment: options.runnerEnvironment,
      limits: limits)
    do throws(FileProblem) {
      let link = try RunnerLink(socket: process.socket)
      let thread = try WorkerThread.start("mapper-reader") { [limits = options.readerLimits] in
        var reader = RunnerReader(process: process, link: link, limits: limits, log: log, report: report)
        reader.run()
      }
      runner.started(link, processID: process.id, thread: thread)
    } catch {
      process.kill()
      _ = process.reap(within: 1000)
      throw error
    }
  }

  private func startLocal(
    _ runner: Runner, _ log: Logger, _ report: @escaping @Sendable (RunnerEvent) -> Void
  ) throws(FileProblem) {
    let library = try store.copy(runner.snapshot, number: runner.number)
    do throws(FileProblem) {
      let link = try LocalLink()
      let engine = try LocalEngine(link: link, limits: options.readerLimits, log: log, report: report)
      let thread = try WorkerThread.start("mapper-local") {
        var engine = engine
        engine.run(library)
      }
      runner.started(link, processID: 0, thread: thread)
    } catch {
      // Left behind, it could not be written over when the engine is started again.
      unlink(library)
      throw error
    }
  }
}
