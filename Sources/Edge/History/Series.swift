// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// The newest samples of one property: the open block, and full ones that wait for the disk.
struct Series: Sendable {
  /// What a call changed, for the counters of all.
  struct Change: Sendable {
    var held = 0
    var waiting = 0
    var dropped = 0
    var oversized = 0
  }

  /// Where blocks end.
  struct Limits: Sendable {
    var samples: Int
    var span: Int64
    /// There is no room: a full block takes the place of an older one.
    var isFull: Bool
  }

  /// A clock that goes back by so much is adjusted; by more, it was set. Milliseconds.
  private static let tolerance: Int64 = 1000
  /// With so many bytes a block is full whatever its samples: two of them fill a page of the file. Numbers
  /// without any decimals in common are 190 by then, and more cannot be said of texts.
  private static let fullBytes = 1990
  /// The longest text that is kept.
  static let longestValue = 4096

  let name: String
  private(set) var open: BlockEncoder?
  /// Oldest first.
  private(set) var sealed: [Block] = []
  /// So many samples of the open block are in the file already.
  private var savedCount = 0

  init(name: String) { self.name = name }

  var needsSaving: Bool { !sealed.isEmpty || isOpenUnsaved }
  var isOpenUnsaved: Bool { (open?.count ?? 0) != savedCount }

  @inline(__always)
  mutating func append(
    time: Int64, quality: Quality, value: Value?, type: PropertyType, limits: Limits, change: inout Change
  ) {
    var time = time
    var value = value
    if let known = value, Self.isTooLong(known) {
      value = nil
      change.oversized += 1
    }
    let kind = value.map { BlockKind($0) }
    if let block = open {
      let back = block.header.last &- time
      if back > 0, back <= Self.tolerance { time = block.header.last }
      let span = time &- block.header.first
      if time < block.header.last || span < 0 || span > limits.span
        || (kind.map { $0 != block.header.kind } ?? false)
      {
        seal(limits, &change)
      }
    }
    if open == nil { open = BlockEncoder(kind: kind ?? BlockKind(type), first: time) }
    let before = open?.byteCount ?? 0
    open?.append(time: time, quality: quality, value: value)
    let after = open?.byteCount ?? 0
    change.held += after - before
    if after >= Self.fullBytes || (open?.count ?? 0) >= limits.samples { seal(limits, &change) }
  }

  @inline(__always)
  private static func isTooLong(_ value: Value) -> Bool {
    switch value {
    case .bool, .int, .float, .double: false
    case .text(let text): text.utf8.count > longestValue
    case .bytes(let bytes): bytes.count > longestValue
    }
  }

  /// Ends the open block.
  mutating func seal(_ limits: Limits, _ change: inout Change) {
    guard let block = open?.block, block.header.count > 0 else { return }
    open = nil
    savedCount = 0
    if limits.isFull {
      // The newest is what is asked for most.
      if sealed.isEmpty { return drop(block, wasWaiting: false, &change) }
      drop(sealed.removeFirst(), wasWaiting: true, &change)
    }
    change.waiting += block.bytes.count
    sealed.append(block)
  }

  private func drop(_ block: Block, wasWaiting: Bool, _ change: inout Change) {
    change.held -= block.bytes.count
    if wasWaiting { change.waiting -= block.bytes.count }
    change.dropped += block.header.count
  }

  /// The first `blocks` that waited are in the file, and so many samples of the block that was open then.
  ///
  /// - Parameter openFirst: when that block began and how many it had: another may be open by now.
  mutating func saved(_ blocks: [Block], open saved: Block?, _ change: inout Change) {
    for block in blocks {
      // A block that lost its place meanwhile is not first any more.
      guard let place = sealed.firstIndex(of: block) else { continue }
      sealed.remove(at: place)
      change.held -= block.bytes.count
      change.waiting -= block.bytes.count
    }
    guard let saved, let open, open.header.first == saved.header.first, open.count >= saved.header.count
    else { return }
    savedCount = saved.header.count
  }
}
