// SPDX-License-Identifier: Apache-2.0
internal import CShims
internal import DeviceAPI
internal import Glibc
internal import Threads

extension Confinement {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Takes the host's text out of the environment, so that no driver and no program that it starts sees it.
  ///
  /// - Returns: nil when there is none.
  static func takeFromEnvironment() throws(Malformed) -> Confinement? {
    guard let value = getenv(variable) else { return nil }
    let text = String(cString: value)
    unsetenv(variable)
    return try Confinement(text: text)
  }

  /// Confines this process for the rest of its life, while it still has one thread.
  ///
  /// - Returns: what the kernel does not have, for people; nil when nothing is missing.
  func apply() throws(Failure) -> String? {
    let result = Self.withPaths(readable) { readable in
      Self.withPaths(writable) { writable in
        Self.withPaths(devices) { devices in
          (user?.groups ?? []).withUnsafeBufferPointer { groups in
            var plan = sv_confinement()
            plan.data_bytes = dataBytes
            plan.open_files = openFiles
            plan.user_processes = userProcesses
            plan.may_fork = mayFork
            plan.filters = isSandboxed
            plan.changes_user = user != nil
            plan.user = user?.user ?? 0
            plan.group = user?.group ?? 0
            (plan.groups, plan.group_count) = (groups.baseAddress, groups.count)
            (plan.readable, plan.readable_count) = (readable.baseAddress, readable.count)
            (plan.writable, plan.writable_count) = (writable.baseAddress, writable.count)
            (plan.devices, plan.device_count) = (devices.baseAddress, devices.count)
            let result = sv_confine(&plan)
            return (
              error: result.error, step: Self.text(result.step), path: Self.text(result.step_name),
              missing: result.missing
            )
          }
        }
      }
    }
    guard result.error == 0 else {
      let path = result.path.isEmpty ? "" : " \(result.path)"
      throw Failure(
        description: "the runner cannot \(result.step)\(path): \(SystemError.text(result.error))")
    }
    return Self.text(missing: result.missing)
  }

  private static func text(_ text: UnsafePointer<CChar>?) -> String {
    text.map { String(cString: $0) } ?? ""
  }

  /// The arrays of C strings that `body` gets end with it.
  private static func withPaths<Result>(
    _ paths: [String], _ body: (UnsafeBufferPointer<UnsafePointer<CChar>>) -> Result
  ) -> Result {
    let copies = paths.compactMap { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return copies.map { UnsafePointer($0) }.withUnsafeBufferPointer(body)
  }

  static func text(missing: UInt32) -> String? {
    var effects: [String] = []
    func add(_ flag: Int, _ effect: String) {
      if missing & UInt32(flag) != 0 { effects.append(effect) }
    }
    add(Int(SV_MISSING_LANDLOCK), "Landlock: the mapper may open any file that its user may")
    add(Int(SV_MISSING_TRUNCATE), "Landlock 3 (Linux 6.2): the mapper may empty files outside its folders")
    add(
      Int(SV_MISSING_SIGNAL_SCOPE),
      "Landlock 6 (Linux 6.12): the mapper may signal other processes of its user"
    )
    add(Int(SV_MISSING_SECCOMP), "seccomp: the mapper may make any system call, also to start processes")
    return effects.isEmpty ? nil : "this system lacks " + effects.joined(separator: "; ")
  }
}
