// SPDX-License-Identifier: Apache-2.0
internal import Store

/// Rows that are written together, and what follows once they are on disk.
final class TwinOperation: WriteOperation {
  private let changes: [StoreChange]
  private let completion: @Sendable (SQLiteError?, Database) -> Void

  init(_ changes: [StoreChange], completion: @escaping @Sendable (SQLiteError?, Database) -> Void) {
    self.changes = changes
    self.completion = completion
  }

  func apply(to database: Database) throws(SQLiteError) {
    for change in changes { try change.apply(to: database) }
  }

  func finished(_ error: SQLiteError?, in database: Database) { completion(error, database) }
}
