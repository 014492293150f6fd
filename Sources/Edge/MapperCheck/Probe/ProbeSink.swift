// SPDX-License-Identifier: Apache-2.0
internal import CMapper
internal import JSON

/// Takes what a scan or a description finds, and looks at it. Of the thread that runs the call.
final class ProbeSink {
  struct Property {
    var name: String
    var settings: JSON.Members
  }

  struct Item {
    var settings: JSON.Members
    var properties: [Property]
  }

  private(set) var items: [Item] = []
  private(set) var progresses = 0
  /// What was wrong with an item, the first time.
  private(set) var fault: String?
  /// What `found` and `progress` answer.
  var answer = MAPPER_OK
  /// How often the sink was used after it had said that it wants no more.
  private(set) var usesAfterNo = 0
  private var saidNo = false

  func clear() {
    items = []
    progresses = 0
    fault = nil
    usesAfterNo = 0
    saidNo = false
    answer = MAPPER_OK
  }

  /// Nil when the foreign memory makes no sense.
  func take(_ found: mapper_found) -> mapper_status {
    if saidNo { usesAfterNo += 1 }
    saidNo = answer != MAPPER_OK
    do throws(CheckEnd) {
      items.append(try Self.item(found))
    } catch {
      if fault == nil, case .failed(_, let seen) = error { fault = seen }
      return MAPPER_INVALID
    }
    return answer
  }

  func progress(done: UInt32, total: UInt32) -> mapper_status {
    if saidNo { usesAfterNo += 1 }
    saidNo = answer != MAPPER_OK
    progresses += 1
    if total > 0, done > total, fault == nil { fault = "progress \(done) of \(total)" }
    return answer
  }

  private static func item(_ found: mapper_found) throws(CheckEnd) -> Item {
    guard Int(found.size) >= MemoryLayout<mapper_found>.size else {
      throw fault("found.size is \(found.size)")
    }
    guard found.confidence <= 100 else { throw fault("confidence \(found.confidence), expected 0 to 100") }
    var properties: [Property] = []
    if found.count > 0 {
      guard let first = found.properties, Int(found.stride) >= MemoryLayout<mapper_found_property>.size else {
        throw fault("\(found.count) properties with stride \(found.stride)")
      }
      for place in 0..<Int(found.count) {
        let property = UnsafeRawPointer(first).loadUnaligned(
          fromByteOffset: place * Int(found.stride), as: mapper_found_property.self)
        let name = String(cString: property.name)
        guard !name.isEmpty else { throw fault("a property without a name") }
        properties.append(
          Property(
            name: name,
            settings: try property.settings.map { text throws(CheckEnd) in try object(text, of: name) }
              ?? .init()))
      }
    }
    return Item(settings: try object(found.settings, of: "the device"), properties: properties)
  }

  private static func object(_ text: UnsafePointer<CChar>, of name: String) throws(CheckEnd) -> JSON.Members {
    guard let text = String(validatingCString: text) else {
      throw fault("settings of \(name) that are not UTF-8")
    }
    guard let members = (try? JSON.parse(text))?.object else {
      throw fault("settings of \(name) that are no JSON object: \(text.prefix(80))")
    }
    return members
  }

  private static func fault(_ seen: String) -> CheckEnd { .failed(expected: "", seen: seen) }
}

func probeFound(_ call: OpaquePointer, _ found: UnsafePointer<mapper_found>) -> mapper_status {
  let call = ProbeCall.from(call)
  return call.admit("sink.found") ? call.sink.take(found.pointee) : MAPPER_INVALID
}

func probeProgress(
  _ call: OpaquePointer, _ done: UInt32, _ total: UInt32, _ text: UnsafePointer<CChar>?, _ size: Int
) -> mapper_status {
  let call = ProbeCall.from(call)
  return call.admit("sink.progress") ? call.sink.progress(done: done, total: total) : MAPPER_INVALID
}
