// SPDX-License-Identifier: Apache-2.0
internal import Config
internal import Glibc

/// Checks of the agent's folders. Blocks on the disk.
struct StorageChecks {
  let configuration: EdgeCoreConfiguration

  /// Bytes below which the agent will soon fail, and those that should be there.
  private static let least: UInt64 = 32 << 20
  private static let enough: UInt64 = 256 << 20

  func run() -> [Finding] {
    let database = configuration.database.dataSource
    return folder("database", Self.parent(of: database), key: "database.dataSource") + manifests()
      + mapperFolders()
  }

  private func folder(_ check: String, _ path: String, key: String) -> [Finding] {
    var status = stat()
    guard stat(path, &status) == 0 else {
      guard errno == ENOENT else {
        return [.skipped(check, "\(path): \(Errno.text())")]
      }
      return [.ok(check, "\(path) is not there yet: the agent makes it")]
    }
    var space = statvfs()
    guard statvfs(path, &space) == 0 else { return [.skipped(check, "\(path): \(Errno.text())")] }
    if space.f_flag & UInt(ST_RDONLY) != 0 {
      return [
        .failed(
          check, "\(path) is on a file system that can only be read",
          remedy: "mount -o remount,rw, and look for errors of the disk in 'dmesg'.")
      ]
    }
    // Root may write anywhere; what others may is the agent's user's business.
    if geteuid() == status.st_uid, access(path, W_OK) != 0 {
      return [.failed(check, "\(path): \(Errno.text())", remedy: "chmod u+rwx \(path)")]
    }
    let free = UInt64(space.f_bavail) * UInt64(space.f_frsize)
    let text = "\(path), \(NumberText.size(Int64(clamping: free))) free"
    if free < Self.least || (space.f_files > 0 && space.f_favail == 0) {
      return [
        .failed(
          check, text + (space.f_favail == 0 ? ", no inodes" : ""),
          remedy: "Make room: what cannot be written is refused. Or move it: \(key)")
      ]
    }
    if free < Self.enough { return [.warning(check, text, remedy: "Make room before it is full.")] }
    return [.ok(check, text)]
  }

  private func manifests() -> [Finding] {
    guard configuration.standalone.enable else { return [] }
    let path = configuration.standalone.manifests
    guard let names = FileText.names(in: path) else {
      return errno == ENOENT
        ? [
          .warning(
            "manifests folder", "\(path) is not there",
            remedy: "mkdir -p \(path); 'edgectl apply' writes the first manifest.")
        ]
        : [.skipped("manifests folder", "\(path): \(Errno.text())")]
    }
    let files = names.filter {
      $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") || $0.hasSuffix(".json")
    }
    return [.ok("manifests folder", "\(path), manifests: \(files.count)")]
  }

  /// Libraries run with the agent's rights: who may write there may do what the agent may.
  private func mapperFolders() -> [Finding] {
    guard configuration.mapperHost.enable else { return [] }
    var findings: [Finding] = []
    var libraries = 0
    for path in configuration.mapperHost.folders {
      var status = stat()
      guard stat(path, &status) == 0, let names = FileText.names(in: path) else { continue }
      libraries += names.count { $0.hasSuffix(".so") }
      for file in [path] + names.filter({ $0.hasSuffix(".so") }).map({ path + "/" + $0 }) {
        guard stat(file, &status) == 0, status.st_mode & 0o002 != 0 else { continue }
        findings.append(
          .failed(
            "mapper folders",
            "everybody of this machine can change \(file), whose code the agent runs",
            remedy: "chmod o-w \(file)"))
      }
    }
    if findings.isEmpty {
      findings.append(
        .ok(
          "mapper folders",
          configuration.mapperHost.folders.joined(separator: ", ") + ", libraries: \(libraries)"))
    }
    return findings
  }

  private static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
    return String(path[..<slash])
  }
}
