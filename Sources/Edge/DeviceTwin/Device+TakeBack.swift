// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Logging
internal import Store
internal import Synchronization

/// After a write that failed.
extension Device {
  /// Memory shows again what is on disk, unless something newer came. On the writer's thread.
  func takeBack(_ names: [String], revision: UInt64, version: Int64, oldVersion: Int64, database: Database) {
    logger().error("an update could not be stored", metadata: ["property": "\(names.joined(separator: ","))"])
    let now = WallClock.monotonic
    let due = state.withLock { state -> Int64 in
      state.outstanding -= 1
      if state.desiredVersion == version { state.desiredVersion = oldVersion }
      for name in names {
        guard let place = state.place(of: name), state.properties[place].revision == revision else {
          continue
        }
        restore(place, from: database, now: now, in: &state)
      }
      return state.nextSave
    }
    wakeUp(at: due, changed: true)
  }

  private func restore(_ place: Int, from database: Database, now: Int64, in state: inout DeviceState) {
    let kept: (property: Property, desired: Desired?)?
    do throws(SQLiteError) {
      kept = try TwinLoader.property(state.properties[place].id, in: database)
    } catch {
      // A file that cannot even be read: memory stays as it is, which is the best copy left.
      return
    }
    if let kept {
      state.properties[place].life = kept.property.life
      state.properties[place].form = state.properties[place].form.with(
        isOptional: kept.property.isOptional)
      restore(kept.property.latest, at: place, in: &state)
      state.setDesired(kept.desired, at: place)
    } else if state.properties[place].isModelled {
      // The device's own rows failed before, so all of them are written anew.
      restore(Reading(), at: place, in: &state)
      state.properties[place].form = state.properties[place].form.with(manifest: nil)
      state.setDesired(nil, at: place)
      state.isStored = false
      state.nextSave = min(state.nextSave, now + context.options.fullQueueWait)
    } else {
      state.properties[place].life = .unborn
      state.properties[place].latest = Reading()
      state.setDesired(nil, at: place)
      state.noteShapeChange()
    }
    state.noteChange(at: place)
  }

  private func restore(_ reading: Reading, at place: Int, in state: inout DeviceState) {
    // A mapper's readings are no client's to take back.
    guard !state.properties[place].isMapped else { return }
    state.properties[place].latest = reading
    state.properties[place].published = reading
  }
}
