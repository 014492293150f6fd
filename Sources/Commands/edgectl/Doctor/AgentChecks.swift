// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON

/// Checks of what the agent says.
struct AgentChecks {
  let facts: AgentFacts
  /// Unix nanoseconds.
  let now: Int64

  private static let shown = 5
  private static let soon: Int64 = 14 * 86_400_000_000_000

  func run() -> [Finding] {
    guard let node = facts.node else { return [] }
    return [
      ready(node), version(node), clock(node), brokers(node), storage(node), drops(node), mappers(),
    ]
    .compactMap { $0 } + devices() + [manifests(), tokens(), errors()].compactMap { $0 }
  }

  private func ready(_ node: JSON) -> Finding {
    let reasons = node["notReady"]?.array?.compactMap(\.string) ?? []
    let name = node["name"]?.string ?? ""
    guard reasons.isEmpty else {
      return .failed(
        "agent", "\(name) is not ready: " + reasons.joined(separator: "\n"),
        remedy:
          "The findings below say more; 'edgectl events --level warning' and the log tell since when."
      )
    }
    return .ok(
      "agent", "\(name) is ready, up for \(Age.text(since: node["startTime"]?.string, now: now))")
  }

  private func version(_ node: JSON) -> Finding {
    let version = node["version"]?.string ?? ""
    guard version != Edgectl.version else {
      return .ok("versions", "edgecore and edgectl are \(version)")
    }
    return .warning(
      "versions", "edgecore is \(version), edgectl is \(Edgectl.version)",
      remedy: "After an upgrade restart the agent: systemctl restart edgecore")
  }

  private func clock(_ node: JSON) -> Finding? {
    guard let time = node["time"]?.string.flatMap(RFC3339.parse) else { return nil }
    let difference = abs(time - now) / 1_000_000
    // A question takes its time too.
    guard difference > 5000 else { return nil }
    return .warning(
      "agent's clock", "differs from ours by \(SpanText.text(difference))",
      remedy: "Let both machines take their time from a server (NTP).")
  }

  private func brokers(_ node: JSON) -> Finding? {
    guard let brokers = node["counters"]?["eventBus"]?.array, !brokers.isEmpty else { return nil }
    let away = brokers.filter { $0["connected"]?.bool == false }
    let names = brokers.map { $0["address"]?.string ?? "" }
    guard !away.isEmpty else {
      return .ok("broker", "connected to " + names.joined(separator: " and "))
    }
    let text = away.map {
      "\($0["address"]?.string ?? ""): \($0["problem"]?.string ?? "not connected")"
    }
    return .failed(
      "broker", text.joined(separator: "\n"),
      remedy:
        "Is the broker running, and are modules.eventBus.mqttServerExternal and its user right?")
  }

  private func storage(_ node: JSON) -> Finding? {
    guard let store = node["counters"]?["deviceTwin"]?["store"] else { return nil }
    let failures = store["failures"]?.int ?? 0
    guard failures > 0 else { return nil }
    return .failed(
      "database", "\(failures) writes were refused since the start",
      remedy:
        "Look at the free space and the log; what was refused was not acknowledged to anybody.")
  }

  private func drops(_ node: JSON) -> Finding? {
    let drops = NodeView.counters(of: node).filter {
      ($0[0].text.split(separator: ".").last ?? "").hasPrefix("dropped")
        && (Int64($0[1].text) ?? 0) > 0
    }
    guard !drops.isEmpty else { return nil }
    let list = drops.prefix(Self.shown).map { "\($0[0].text) \($0[1].text)" }.joined(
      separator: ", ")
    return .warning(
      "drops", "since the start, queues were full: " + list,
      remedy:
        "The receiver (broker, disk, program) is slower than the devices, or was away for a time.")
  }

  private func mappers() -> Finding? {
    guard let mappers = facts.mappers else { return nil }
    guard !mappers.isEmpty else {
      return .warning(
        "mappers", "there is no mapper, so no device is driven",
        remedy: "Copy a library NAME.so into /var/lib/selvedge/mappers.")
    }
    let broken = mappers.filter {
      ["refused", "removed", "restarting"].contains($0["state"]?.string ?? "")
    }
    guard broken.isEmpty else {
      let lines = broken.map {
        "\($0["file"]?.string ?? "") is \($0["state"]?.string ?? ""): "
          + ($0["message"]?.string ?? $0["lastFault"]?.string ?? "no reason given")
      }
      return .failed(
        "mappers", lines.joined(separator: "\n"),
        remedy: "'mapper-check FILE.so' tells what is wrong with a library.")
    }
    let hour: Int64 = 3_600_000_000_000
    let faulty = mappers.filter {
      guard let time = $0["lastFaultTime"]?.string.flatMap(RFC3339.parse) else { return false }
      return now - time < hour
    }
    guard faulty.isEmpty else {
      let lines = faulty.map {
        "\($0["file"]?.string ?? "") restarted \($0["restarts"]?.int ?? 0) times, last: "
          + ($0["lastFault"]?.string ?? "")
      }
      return .warning(
        "mappers", lines.joined(separator: "\n"),
        remedy:
          "'edgectl describe mapper' of it tells more; an updated library can be copied over it.")
    }
    return .ok("mappers", "\(mappers.count) running")
  }

  private func devices() -> [Finding] {
    guard let devices = facts.devices else { return [] }
    guard !devices.isEmpty else { return [.ok("devices", "none declared")] }
    var findings: [Finding] = []
    func list(_ devices: [JSON], _ text: (JSON) -> String) -> String {
      let lines = devices.prefix(Self.shown).map(text)
      let rest = devices.count > Self.shown ? ["and \(devices.count - Self.shown) more"] : []
      return (lines + rest).joined(separator: "\n")
    }
    func reason(_ device: JSON) -> String {
      DeviceRow.name(of: device) + ": " + (device["link"]?["reason"]?.string ?? "no reason given")
    }
    let states = Dictionary(grouping: devices) { $0["link"]?["state"]?.string ?? "" }
    if let away = states["unavailable"] {
      findings.append(
        .failed(
          "devices", "\(away.count) of \(devices.count) are unavailable\n" + list(away, reason),
          remedy:
            "No mapper drives them: is its library there, and does it run? 'edgectl get mappers'"))
    }
    let offline = (states["offline"] ?? []) + (states["degraded"] ?? [])
    if !offline.isEmpty {
      findings.append(
        .warning(
          "devices",
          "\(offline.count) of \(devices.count) are offline or degraded\n" + list(offline, reason),
          remedy:
            "Are they on, and their cables, addresses and settings right? 'edgectl describe device'"
        ))
    }
    func count(_ name: String, _ device: JSON) -> Int64 { device["counts"]?[name]?.int ?? 0 }
    let failed = devices.filter { count("failed", $0) > 0 }
    if !failed.isEmpty {
      findings.append(
        .warning(
          "desired values",
          "refused by \(failed.count) devices\n" + list(failed, DeviceRow.name(of:)),
          remedy: "'edgectl twin get' of the device says why; set another value, or take it back."))
    }
    let bad = devices.filter {
      count("bad", $0) > 0 && ["online", "degraded"].contains($0["link"]?["state"]?.string ?? "")
    }
    if !bad.isEmpty {
      findings.append(
        .warning(
          "readings",
          "bad ones on \(bad.count) devices that can be reached\n" + list(bad, DeviceRow.name(of:)),
          remedy:
            "'edgectl twin get' of the device shows what the driver says: often a wrong address."))
    }
    if findings.isEmpty { findings.append(.ok("devices", "\(devices.count), all reached")) }
    return findings
  }

  private func manifests() -> Finding? {
    guard let problems = facts.manifestProblems else { return nil }
    guard !problems.isEmpty else { return .ok("manifests", "all taken") }
    let lines = problems.prefix(Self.shown).map { problem in
      let place = "\(problem["file"]?.string ?? ""):\(problem["line"]?.int ?? 0)"
      return
        "\(place): \(problem["path"]?.string ?? ""): expected \(problem["expected"]?.string ?? "")"
    }
    let rest = problems.count > Self.shown ? ["and \(problems.count - Self.shown) more"] : []
    return .failed(
      "manifests", (lines + rest).joined(separator: "\n"),
      remedy: "Mend these files: nothing of a file with an error is taken.")
  }

  private func tokens() -> Finding? {
    guard let tokens = facts.tokens, !tokens.isEmpty else { return nil }
    let ending = tokens.compactMap { token -> String? in
      guard let end = token["expires"]?.string.flatMap(RFC3339.parse), end - now < Self.soon else {
        return nil
      }
      let name = token["name"]?.string ?? ""
      return end < now
        ? "\(name) has expired" : "\(name) ends in \(SpanText.text((end - now) / 1_000_000))"
    }
    guard !ending.isEmpty else { return .ok("tokens", "\(tokens.count), none about to end") }
    return .warning(
      "tokens", ending.joined(separator: "\n"),
      remedy: "Make new ones with 'edgectl token create', and delete what is not used any more.")
  }

  private func errors() -> Finding? {
    guard let errors = facts.errors, !errors.isEmpty else { return nil }
    let lines = errors.suffix(Self.shown).map { event in
      // The words of such an event may hold the value.
      let isSecret = event["property"]?.string.map(Redactor.isSecret) == true
      return EventTable.time(event["time"]?.string) + " "
        + (isSecret ? Redactor.mark : EventTable.text(of: event))
    }
    return .warning(
      "events", "\(errors.count) of level error in the last hour\n" + lines.joined(separator: "\n"),
      remedy: "'edgectl events --level error --since 1h' shows all of them.")
  }
}
