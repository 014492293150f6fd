// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Store

/// `history.db`, on the worker's thread.
///
/// A commit is not synced (`synchronous=NORMAL`): a power cut may cost the last moments, never the file.
/// Nobody was promised a sample.
final class HistoryFile {
  /// What is to be saved of one property.
  struct Entry: Sendable {
    let device: DeviceName
    let property: String
    let blocks: [Block]
    /// Nil: nothing is open.
    let open: Block?
  }

  /// With so many pages in the log it is brought home.
  private static let logLimit = 1000
  private static let pageBytes: Int64 = 4096

  let database: Database
  private(set) var properties: [Int64: StoredProperty] = [:]
  private var ids: [DeviceName: [String: Int64]] = [:]
  private var lastID: Int64 = 0
  private(set) var blocks: Int64 = 0

  /// Opens the file and turns what was open at the last stop into blocks.
  init(path: String) throws {
    database = try Database(path: path)
    try database.execute("PRAGMA synchronous=NORMAL")
    try HistorySchema.migrations.apply(to: database)
    try load()
    try adoptOpen()
  }

  private func load() throws(SQLiteError) {
    let query = try database.prepare(
      "SELECT id, namespace, device, name, blocks, samples, bytes, oldest, newest, span FROM property")
    while try query.step() {
      let id = query.int(0)
      lastID = max(lastID, id)
      guard let device = DeviceName(namespace: query.text(1), name: query.text(2)) else { continue }
      ids[device, default: [:]][query.text(3)] = id
      // Sums that no file of ours has: it is damaged where SQLite does not see it.
      guard [query.int(4), query.int(5), query.int(6)].allSatisfy({ (0...(1 << 50)).contains($0) }),
        (0...(1 << 60)).contains(id)
      else {
        throw SQLiteError(code: .corrupt, message: "impossible sums", statement: "load", path: database.path)
      }
      var property = StoredProperty(
        blocks: query.int(4), samples: query.int(5), bytes: query.int(6), span: query.int(9))
      if property.blocks > 0 {
        property.oldest = query.int(7)
        property.newest = query.int(8)
      }
      properties[id] = property
      blocks &+= query.int(4)
    }
  }

  /// The bytes come in the file already: only the rows move.
  private func adoptOpen() throws(SQLiteError) {
    var found: [(Int64, Block)] = []
    let query = try database.prepare(
      "SELECT property, first, last, kind, count, good, minimum, maximum, sum, final, bytes FROM open")
    while try query.step() {
      guard let header = query.header(from: 1) else { continue }
      found.append((query.int(0), Block(header: header, bytes: query.blob(10))))
    }
    guard !found.isEmpty else { return }
    var changed = properties
    try database.transaction { () throws(SQLiteError) in
      for (id, block) in found {
        var property = changed[id] ?? StoredProperty()
        try insert(block, of: id)
        property.add(block.header, bytes: block.size)
        try update(id, property)
        changed[id] = property
      }
      try database.execute("DELETE FROM open")
    }
    properties = changed
    blocks += Int64(found.count)
  }

  // MARK: Finding

  func id(of property: String, device: DeviceName) -> Int64? { ids[device]?[property] }

  func properties(of device: DeviceName) -> [String: StoredProperty] {
    (ids[device] ?? [:]).compactMapValues { properties[$0] }
  }

  // MARK: Writing

  /// All of it in one transaction, or nothing.
  func save(_ entries: ArraySlice<Entry>) throws(SQLiteError) {
    var changed: [Int64: StoredProperty] = [:]
    var new: [DeviceName: [String: Int64]] = [:]
    var last = lastID
    var added: Int64 = 0
    try database.transaction { () throws(SQLiteError) in
      for entry in entries {
        let id: Int64
        if let known = self.id(of: entry.property, device: entry.device)
          ?? new[entry.device]?[entry.property]
        {
          id = known
        } else {
          last += 1
          id = last
          new[entry.device, default: [:]][entry.property] = id
          try create(id, entry)
        }
        var property = changed[id] ?? properties[id] ?? StoredProperty()
        for block in entry.blocks {
          try insert(block, of: id)
          property.add(block.header, bytes: block.size)
        }
        if !entry.blocks.isEmpty { try update(id, property) }
        try replaceOpen(entry.open, of: id)
        changed[id] = property
        added += Int64(entry.blocks.count)
      }
    }
    for (device, names) in new { ids[device, default: [:]].merge(names) { $1 } }
    lastID = last
    properties.merge(changed) { $1 }
    blocks += added
  }

  private func create(_ id: Int64, _ entry: Entry) throws(SQLiteError) {
    let insert = try database.statement("INSERT INTO property VALUES (?1, ?2, ?3, ?4, 0, 0, 0, 0, 0, 0)")
    insert.bind(1, id)
    insert.bind(2, entry.device.namespace)
    insert.bind(3, entry.device.name)
    insert.bind(4, entry.property)
    try insert.run()
  }

  private func insert(_ block: Block, of id: Int64) throws(SQLiteError) {
    let header = block.header
    // Ids grow: the ring gives up the lowest first. AUTOINCREMENT is not needed, the newest row always stays.
    let data = try database.statement(
      """
      INSERT INTO data (property, first, last, kind, count, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id
      """
    )
    data.bind(1, id)
    data.bind(2, header.first)
    data.bind(3, header.last)
    data.bind(4, Int64(header.kind.rawValue))
    data.bind(5, Int64(header.count))
    data.bind(6, block.bytes)
    let number = try data.step() ? data.int(0) : 0
    data.reset()
    let insert = try database.statement(
      """
      INSERT INTO block (property, first, last, kind, count, good, minimum, maximum, sum, final, data)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
      """)
    insert.bind(1, id)
    insert.bind(header, from: 2)
    insert.bind(11, number)
    try insert.run()
  }

  private func update(_ id: Int64, _ property: StoredProperty) throws(SQLiteError) {
    let update = try database.statement(
      "UPDATE property SET blocks=?2, samples=?3, bytes=?4, oldest=?5, newest=?6, span=?7 WHERE id=?1")
    update.bind(1, id)
    update.bind(2, property.blocks)
    update.bind(3, property.samples)
    update.bind(4, property.bytes)
    update.bind(5, property.oldest)
    update.bind(6, property.newest)
    update.bind(7, property.span)
    try update.run()
  }

  private func replaceOpen(_ block: Block?, of id: Int64) throws(SQLiteError) {
    guard let block else {
      let delete = try database.statement("DELETE FROM open WHERE property=?1")
      delete.bind(1, id)
      return try delete.run()
    }
    let replace = try database.statement(
      """
      REPLACE INTO open (property, first, last, kind, count, good, minimum, maximum, sum, final, bytes)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
      """)
    replace.bind(1, id)
    replace.bind(block.header, from: 2)
    replace.bind(11, block.bytes)
    try replace.run()
  }

  // MARK: The ring

  /// A block as the ring sees it.
  private struct Old {
    let data: Int64
    let property: Int64
    let first: Int64
    let count: Int64
    let bytes: Int64
  }

  /// Gives up blocks whose last sample is before `time`, in the order in which they came; `limit` at most.
  ///
  /// Only the blocks at the front of the ring are looked at: one whose clock was ahead stays there until the
  /// sizes have it go, and hides nothing behind it.
  /// - Returns: how many.
  func removeBlocks(before time: Int64, limit: Int) throws(SQLiteError) -> Int {
    let query = try database.statement(
      "SELECT id, property, first, count, length(bytes), last FROM data ORDER BY id LIMIT ?1")
    query.bind(1, Int64(limit) + 64)
    var old: [Old] = []
    while try query.step() {
      guard query.int(5) < time, old.count < limit else { continue }
      old.append(
        Old(
          data: query.int(0), property: query.int(1), first: query.int(2), count: query.int(3),
          bytes: query.int(4)))
    }
    try remove(old)
    return old.count
  }

  /// Gives up the blocks that came first.
  func removeOldestBlocks(_ limit: Int) throws(SQLiteError) -> Int {
    try removeBlocks(before: .max, limit: limit)
  }

  /// Gives up the blocks of a property that came first, until it holds no more than `bytes`.
  func shrink(_ id: Int64, to bytes: Int64) throws(SQLiteError) -> Int {
    guard let property = properties[id], property.bytes > bytes else { return 0 }
    let query = try database.statement(
      """
      SELECT data.id, data.first, data.count, length(data.bytes) FROM block JOIN data ON data.id = block.data
      WHERE block.property=?1 ORDER BY block.data LIMIT 4096
      """)
    query.bind(1, id)
    var excess = property.bytes - bytes
    var old: [Old] = []
    while excess > 0, try query.step() {
      old.append(
        Old(
          data: query.int(0), property: id, first: query.int(1), count: query.int(2), bytes: query.int(3)))
      excess -= query.int(3) + Int64(Block.overhead)
    }
    query.reset()
    try remove(old)
    return old.count
  }

  private func remove(_ old: [Old]) throws(SQLiteError) {
    guard !old.isEmpty else { return }
    var changed: [Int64: StoredProperty] = [:]
    try database.transaction { () throws(SQLiteError) in
      for block in old {
        try delete(block)
        var property = changed[block.property] ?? properties[block.property] ?? StoredProperty()
        property.blocks -= 1
        property.samples -= block.count
        property.bytes -= block.bytes + Int64(Block.overhead)
        changed[block.property] = property
      }
      for (id, property) in changed {
        var property = property
        property.oldest = try oldest(of: id) ?? .max
        changed[id] = property
        try update(id, property)
      }
    }
    properties.merge(changed) { $1 }
    blocks -= Int64(old.count)
  }

  private func delete(_ block: Old) throws(SQLiteError) {
    let data = try database.statement("DELETE FROM data WHERE id=?1")
    data.bind(1, block.data)
    try data.run()
    let header = try database.statement("DELETE FROM block WHERE property=?1 AND first=?2 AND data=?3")
    header.bind(1, block.property)
    header.bind(2, block.first)
    header.bind(3, block.data)
    try header.run()
  }

  private func oldest(of id: Int64) throws(SQLiteError) -> Int64? {
    let query = try database.statement("SELECT min(first) FROM block WHERE property=?1")
    query.bind(1, id)
    defer { query.reset() }
    return try query.step() && query.storage(0) != .null ? query.int(0) : nil
  }

  /// What is in use of the file; pages that were given back are used again before it grows.
  func bytesInUse() throws(SQLiteError) -> Int64 {
    (try pragma("PRAGMA page_count") - pragma("PRAGMA freelist_count")) * Self.pageBytes
  }

  private func pragma(_ text: StaticString) throws(SQLiteError) -> Int64 {
    let query = try database.statement(text)
    defer { query.reset() }
    return try query.step() ? query.int(0) : 0
  }

  /// Brings the log home when it is long. A failure is tried again the next time: the log keeps everything.
  func tidy() {
    if database.pagesInLog > Self.logLimit { try? database.checkpoint() }
  }
}
