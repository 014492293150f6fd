// SPDX-License-Identifier: Apache-2.0
internal import Store

/// The tables behind the twins.
///
/// Values that change often lie in narrow rows of their own, keyed by the property's number, so that many
/// share a page. A device's versions are the greatest of its rows' versions and the ones in `device`, which
/// saves a second row per update. Times are Unix nanoseconds.
enum TwinSchema {
  static let migrations = Migrations([
    """
    CREATE TABLE device (
      id INTEGER PRIMARY KEY,
      namespace TEXT NOT NULL,
      name TEXT NOT NULL,
      link TEXT NOT NULL,
      reason TEXT NOT NULL,
      since INTEGER NOT NULL,
      last_online INTEGER NOT NULL,
      -- The state as a client spelled it; empty: none did.
      spoken_state TEXT NOT NULL,
      desired_version INTEGER NOT NULL,
      reported_version INTEGER NOT NULL,
      UNIQUE (namespace, name)
    ) STRICT;
    CREATE TABLE property (
      id INTEGER PRIMARY KEY,
      device INTEGER NOT NULL REFERENCES device ON DELETE CASCADE,
      name TEXT NOT NULL,
      type TEXT NOT NULL,
      optional INTEGER NOT NULL,
      -- 0: an MQTT client brought it; 1: the model declares it; 2: and a mapper drives it.
      declared INTEGER NOT NULL,
      -- 0: live; else deleted, with 2: had an expected value, 4: had an actual one.
      tombstone INTEGER NOT NULL,
      -- What the manifest said last of the desired value.
      manifest TEXT,
      UNIQUE (device, name)
    ) STRICT;
    CREATE TABLE reported (
      property INTEGER PRIMARY KEY REFERENCES property ON DELETE CASCADE,
      value ANY,
      spelling TEXT,
      quality INTEGER NOT NULL,
      source_time INTEGER NOT NULL,
      time INTEGER NOT NULL,
      version INTEGER NOT NULL,
      status INTEGER,
      failure TEXT
    ) STRICT;
    CREATE TABLE desired (
      property INTEGER PRIMARY KEY REFERENCES property ON DELETE CASCADE,
      value ANY NOT NULL,
      spelling TEXT,
      version INTEGER NOT NULL,
      time INTEGER NOT NULL,
      origin TEXT NOT NULL,
      state TEXT NOT NULL,
      error TEXT NOT NULL,
      attempts INTEGER NOT NULL,
      state_time INTEGER NOT NULL
    ) STRICT;
    """
  ])
}
