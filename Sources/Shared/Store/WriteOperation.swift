// SPDX-License-Identifier: Apache-2.0

/// One unit of writing: all of it is kept, or nothing.
package protocol WriteOperation: AnyObject, Sendable {
  /// Writes, on the writer's thread and inside its transaction.
  ///
  /// May be called again after a failure in the same group, so it must not count on being called once.
  func apply(to database: Database) throws(SQLiteError)

  /// Called once, on the writer's thread, after `COMMIT` returned, in the order of submission.
  ///
  /// - Parameter error: why nothing of this operation was kept. `database` then shows what is kept.
  func finished(_ error: SQLiteError?, in database: Database)
}
