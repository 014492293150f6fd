// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Store

/// Copies the blocks that can be read of a damaged file into a new one, in the order in which they came.
/// Their headers are counted anew, so that only names and bytes must be there.
struct HistorySalvage {
  /// So long it may take: what is asked meanwhile waits. Nanoseconds.
  private static let limit: Int64 = 20_000_000_000
  /// Blocks of a page of the file, about: where one cannot be read, its neighbours cannot either.
  private static let skipped: Int64 = 2
  private static let blocksAtOnce = 64

  private let old: Database
  private let names: [Int64: (device: DeviceName, property: String)]

  /// Nil where nothing can be read.
  init?(path: String) {
    guard let old = try? Database(path: path) else { return nil }
    self.old = old
    var names: [Int64: (device: DeviceName, property: String)] = [:]
    do {
      let query = try old.prepare("SELECT id, namespace, device, name FROM property")
      while try query.step() {
        guard let device = DeviceName(namespace: query.text(1), name: query.text(2)) else { continue }
        names[query.int(0)] = (device, query.text(3))
      }
    } catch {
      // What came before the damage counts.
    }
    guard !names.isEmpty else { return nil }
    self.names = names
  }

  /// - Returns: how many blocks.
  /// - Parameter withOpen: blocks that were not full too: nobody has them in memory.
  func copy(to file: HistoryFile, withOpen: Bool) -> Int {
    let end = WallClock.monotonic + Self.limit
    var copied = 0
    var last: Int64 = 0
    guard let greatest = greatestBlock() else { return 0 }
    while last < greatest, WallClock.monotonic < end {
      var entries: [HistoryFile.Entry] = []
      do throws(SQLiteError) {
        let query = try old.statement(
          "SELECT id, property, first, kind, count, bytes FROM data WHERE id > ?1 ORDER BY id LIMIT ?2")
        query.bind(1, last)
        query.bind(2, Int64(Self.blocksAtOnce))
        defer { query.reset() }
        var isOver = true
        while try query.step() {
          isOver = false
          last = query.int(0)
          guard let name = names[query.int(1)],
            let block = Block(
              salvaging: query.blob(5), kind: Int(query.int(3)), first: query.int(2), count: query.int(4))
          else { continue }
          entries.append(.init(device: name.device, property: name.property, blocks: [block], open: nil))
        }
        if isOver { last = greatest }
      } catch {
        last += Self.skipped
      }
      guard (try? file.save(entries[...])) != nil else { return copied }
      copied += entries.count
    }
    return copied + (withOpen ? copyOpen(to: file) : 0)
  }

  private func greatestBlock() -> Int64? {
    guard let query = try? old.prepare("SELECT max(id) FROM data"), (try? query.step()) == true else {
      return nil
    }
    return query.int(0)
  }

  private func copyOpen(to file: HistoryFile) -> Int {
    var entries: [HistoryFile.Entry] = []
    do throws(SQLiteError) {
      let query = try old.prepare(
        "SELECT property, first, kind, count, bytes FROM open")
      while try query.step() {
        guard let name = names[query.int(0)],
          let block = Block(
            salvaging: query.blob(4), kind: Int(query.int(2)), first: query.int(1), count: query.int(3))
        else { continue }
        entries.append(.init(device: name.device, property: name.property, blocks: [block], open: nil))
      }
    } catch {
      // What came before the damage counts.
    }
    return (try? file.save(entries[...])) == nil ? 0 : entries.count
  }
}
