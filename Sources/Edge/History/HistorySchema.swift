// SPDX-License-Identifier: Apache-2.0
internal import Store

/// The tables of `history.db`.
///
/// Headers lie together by property, so that a query over months reads few pages; the bytes lie in the order
/// in which they came, so that writing fills whole pages and the ring gives whole pages back.
enum HistorySchema {
  static let migrations = Migrations([
    """
    CREATE TABLE property (
      id INTEGER PRIMARY KEY,
      namespace TEXT NOT NULL, device TEXT NOT NULL, name TEXT NOT NULL,
      -- Of its blocks: how many, their samples, their bytes, first and last time, and the longest one's span.
      blocks INTEGER NOT NULL, samples INTEGER NOT NULL, bytes INTEGER NOT NULL,
      oldest INTEGER NOT NULL, newest INTEGER NOT NULL, span INTEGER NOT NULL
    );
    CREATE TABLE block (
      property INTEGER NOT NULL, first INTEGER NOT NULL, data INTEGER NOT NULL,
      last INTEGER NOT NULL, kind INTEGER NOT NULL, count INTEGER NOT NULL, good INTEGER NOT NULL,
      minimum, maximum, sum, final,
      PRIMARY KEY (property, first, data)
    ) WITHOUT ROWID;
    -- With kind and count, so that a block can be read without its header.
    CREATE TABLE data (
      id INTEGER PRIMARY KEY, property INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
      kind INTEGER NOT NULL, count INTEGER NOT NULL, bytes BLOB NOT NULL
    );
    -- Blocks that were not full when they were saved; at the next start they become blocks like others.
    CREATE TABLE open (
      property INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, kind INTEGER NOT NULL,
      count INTEGER NOT NULL, good INTEGER NOT NULL, minimum, maximum, sum, final, bytes BLOB NOT NULL
    );
    """
  ])
}
