// SPDX-License-Identifier: Apache-2.0
import Beehive
import DeviceAPI
import Glibc
import Logging
import MetaManager
import Testing

/// A folder of manifests of its own, and what is needed to use it.
final class TestFolder: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/manifests-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw Failure(reason: "mkdtemp") }
    path = String(cString: made)
  }

  struct Failure: Error { let reason: String }

  deinit {
    _ = chmod(path, 0o755)
    for name in names + [".left"] { _ = unlink(path + "/" + name) }
    for name in names { _ = rmdir(path + "/" + name) }
    _ = rmdir(path)
  }

  var names: [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  func write(_ text: String, to name: String) throws {
    let file = try OpenFile(path + "/" + name)
    try file.append(text)
  }

  /// As editors do: a new file takes the place of the old one.
  func replace(_ name: String, by text: String) throws {
    try write(text, to: name + "~")
    guard rename(path + "/" + name + "~", path + "/" + name) == 0 else { throw Failure(reason: "rename") }
  }

  func remove(_ name: String) { _ = unlink(path + "/" + name) }

  func text(of name: String) -> String? {
    let descriptor = open(path + "/" + name, O_RDONLY)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    let count = read(descriptor, &buffer, buffer.count)
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
  }

  /// A file that stays open for writing.
  final class OpenFile {
    private let descriptor: Int32

    init(_ path: String) throws {
      descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
      guard descriptor >= 0 else { throw Failure(reason: "open \(path)") }
    }

    func append(_ text: String) throws {
      let bytes = Array(text.utf8)
      guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else { throw Failure(reason: "write") }
    }

    deinit { close(descriptor) }
  }

  /// Runs `body` with the manifests of this folder, and stops them.
  func withManifests(
    known: [String] = [], writingSeconds: Int64 = 3,
    _ body: (StandaloneManifests, DeviceRecorder) async throws -> Void
  ) async throws {
    let recorder = DeviceRecorder()
    let names = known.compactMap { DeviceName(parsing: $0) }
    let manifests = StandaloneManifests(
      folder: path, consumers: [recorder], knownDevices: { names },
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      writingSeconds: writingSeconds)
    let module: any Module = manifests
    try await module.start()
    do {
      try await body(manifests, recorder)
    } catch {
      await module.stop()
      throw error
    }
    await module.stop()
  }
}

/// Runs a call that blocks on a thread of its own.
func blocking<T: Sendable>(_ work: @escaping @Sendable () -> T) async -> T {
  await withCheckedContinuation { continuation in
    let box = Unmanaged.passRetained(Work { continuation.resume(returning: work()) })
    var thread = pthread_t()
    guard pthread_create(&thread, nil, runWork, box.toOpaque()) == 0 else {
      box.takeRetainedValue().run()
      return
    }
    pthread_detach(thread)
  }
}

private final class Work: Sendable {
  let run: @Sendable () -> Void
  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func runWork(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument else { return nil }
  Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run()
  return nil
}

extension StandaloneManifests {
  /// `created Device default/d1`, or what was wrong.
  func applying(_ text: String) async -> [String] {
    await blocking {
      do throws(ManifestError) {
        return try self.apply(text, source: "request").map {
          "\($0.outcome.rawValue) \($0.kind) \($0.namespace)/\($0.name)"
        }
      } catch {
        return Self.words(error)
      }
    }
  }

  func deleting(_ kind: String, _ name: String) async -> [String] {
    await blocking {
      do throws(ManifestError) {
        let change = try self.delete(kind: kind, namespace: "default", name: name)
        return ["\(change.outcome.rawValue) \(change.kind) \(change.namespace)/\(change.name)"]
      } catch {
        return Self.words(error)
      }
    }
  }

  private static func words(_ error: ManifestError) -> [String] {
    switch error {
    case .invalid(let problems): problems.map(\.description)
    case .notFound(let what): ["not found: " + what]
    case .shared(let file, let objects): ["shared: \(file): " + objects.joined(separator: ", ")]
    case .storage(let what): ["storage: " + what]
    }
  }

  var problemTexts: [String] { problems().map(\.description) }
}
