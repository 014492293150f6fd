// SPDX-License-Identifier: Apache-2.0
package import Config
internal import Logging
internal import MapperHost
internal import Synchronization

/// What SIGHUP does.
extension Agent {
  /// Takes over what a running agent can of a configuration that was read anew.
  ///
  /// Nothing is taken over in part: a module that cannot use its new values keeps the old ones and says so.
  package func reload(_ new: EdgeCoreConfiguration) {
    let changed = current.withLock { $0.changes(to: new) }
    guard !changed.isEmpty else {
      log.notice("the configuration was read again: nothing has changed")
      return
    }
    let later = changed.filter { ConfigurationKeys.governing($0)?.isReloaded != true }
    if !later.isEmpty {
      log.warning("a restart is needed for: \(later.joined(separator: ", "))")
    }
    var taken = changed.filter { !later.contains($0) }
    do throws(MapperHost.StartError) {
      if taken.contains(where: { $0.hasPrefix("modules.mapperHost.limits.") }) {
        try host?.use(new.mapperHost.limits)
        current.withLock { $0.mapperHost.limits = new.mapperHost.limits }
      }
    } catch {
      taken.removeAll { $0.hasPrefix("modules.mapperHost.limits.") }
      log.error("modules.mapperHost.limits: \(error); the former limits stay")
    }
    guard !taken.isEmpty else { return }
    log.notice("the configuration was read again; in force now: \(taken.joined(separator: ", "))")
  }
}
