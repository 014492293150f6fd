// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import JSON
internal import Synchronization

/// KubeEdge's requests over MQTT. Every one that names a device is answered on that device's own topic.
extension TwinManager: MessageReceiver {
  static let unknownDevice = "update rejected due to the device is not existed"

  package func receive(_ payload: UnsafeRawBufferPointer, on topic: String) {
    // What comes before the twins are loaded would be answered with a wrong 404: it is as if we were away.
    guard isRunning.load(ordering: .relaxed) else { return ignore() }
    let levels = topic.split(separator: "/", maxSplits: 7, omittingEmptySubsequences: false)
    guard levels.count >= 3, levels[0] == "$hw", levels[1] == "events" else { return ignore() }
    if levels[2] == "device", levels.count == 7 {
      let address = (namespace: levels[3], name: levels[4])
      switch (levels[5], levels[6]) {
      case ("twin", "update"): return update(payload, address)
      case ("twin", "get"): return get(payload, address)
      case ("state", "update"): return updateState(payload, address)
      default: break
      }
    } else if levels[2] == "node", levels.count == 6, levels[4] == "membership", levels[5] == "get" {
      return getMembership(payload)
    }
    ignore()
  }

  private func ignore() { context.counters.ignored.add() }

  private func find(_ address: (namespace: Substring, name: Substring)) -> Device? {
    DeviceName(namespace: String(address.namespace), name: String(address.name)).flatMap { find($0) }
  }

  private func refuse(_ refusal: Refusal, event: String, on topic: MessageTopic) {
    context.counters.refused.add()
    context.publish(to: topic) { $0.error(event: event, milliseconds: context.clock.milliseconds, refusal) }
  }

  private func update(_ payload: UnsafeRawBufferPointer, _ address: (namespace: Substring, name: Substring)) {
    let device = find(address)
    let topic =
      device?.topics.updateResult
      ?? DeviceTopics(namespace: address.namespace, name: address.name).updateResult
    do throws(RequestBody.Malformed) {
      let request = try TwinRequest(payload, maximumValueBytes: context.options.maximumValueBytes)
      guard let device else {
        return refuse(Refusal(code: 404, reason: Self.unknownDevice), event: request.event, on: topic)
      }
      device.update(request)
    } catch {
      if let device {
        device.refuseUpdate(.bad(error.reason), event: error.event)
      } else {
        refuse(.bad(error.reason), event: error.event, on: topic)
      }
    }
  }

  /// From memory: neither the disk nor a writer is waited for.
  private func get(_ payload: UnsafeRawBufferPointer, _ address: (namespace: Substring, name: Substring)) {
    let device = find(address)
    let topic =
      device?.topics.getResult ?? DeviceTopics(namespace: address.namespace, name: address.name).getResult
    do throws(RequestBody.Malformed) {
      let body = try RequestBody(payload)
      guard let device else {
        let reason = "Device \(address.namespace)/\(address.name) not found while getting twin"
        return refuse(Refusal(code: 404, reason: reason), event: body.event, on: topic)
      }
      context.counters.requests.add()
      context.publish(to: topic) {
        device.encodeTwin(event: body.event, milliseconds: context.clock.milliseconds, into: &$0)
      }
    } catch {
      let reason = "Unmarshal twin info \(Self.excerpt(payload)) failed , err: \(error.reason)"
      refuse(.bad(reason), event: error.event, on: topic)
    }
  }

  private func updateState(
    _ payload: UnsafeRawBufferPointer, _ address: (namespace: Substring, name: Substring)
  ) {
    let device = find(address)
    let topic =
      device?.topics.stateResult
      ?? DeviceTopics(namespace: address.namespace, name: address.name).stateResult
    do throws(RequestBody.Malformed) {
      let body = try RequestBody(payload)
      guard let device else {
        let reason = "Device \(address.namespace)/\(address.name) not found while updating state"
        return refuse(Refusal(code: 404, reason: reason), event: body.event, on: topic)
      }
      guard let word = body.members.folded("state")?.string else {
        return device.refuseState(
          .bad("state: expected online, offline, ok, unknown or unhealthy"), event: body.event)
      }
      device.updateState(word, event: body.event)
    } catch {
      let reason = "Unmarshal state \(Self.excerpt(payload)) failed , err: \(error.reason)"
      refuse(.bad(reason), event: error.event, on: topic)
    }
  }

  /// The node in the request's topic is not looked at, as in KubeEdge.
  private func getMembership(_ payload: UnsafeRawBufferPointer) {
    let topic = MessageTopic("$hw/events/node/\(context.node)/membership/get/result")
    do throws(RequestBody.Malformed) {
      let body = try RequestBody(payload)
      let devices = allDevices().sorted { $0.name < $1.name }
      context.counters.requests.add()
      context.publish(to: topic) { encoder in
        encoder.head(event: body.event, milliseconds: context.clock.milliseconds)
        encoder.raw(",\"devices\":[")
        for device in devices {
          let (word, link) = device.state.withLock { ($0.stateWord, $0.link) }
          encoder.device(device.name, word: word, link: link)
          encoder.raw(",")
        }
        encoder.close("]}")
      }
    } catch {
      let reason = "Unmarshal get membership info \(Self.excerpt(payload)) failed , err: \(error.reason)"
      refuse(.bad(reason), event: error.event, on: topic)
    }
  }

  /// One message a device, as KubeEdge sends them.
  func publishMembership(of name: DeviceName, isAdded: Bool) {
    context.publish(to: MessageTopic("$hw/events/node/\(context.node)/membership/updated")) { encoder in
      encoder.head(event: UUIDText.random(), milliseconds: context.clock.milliseconds)
      encoder.raw(isAdded ? ",\"added_devices\":[" : ",\"added_devices\":null,\"removed_devices\":[")
      encoder.device(name, word: "", link: nil)
      encoder.raw(isAdded ? "],\"removed_devices\":null}" : "]}")
    }
  }

  /// The begin of what was sent, for an error's text.
  private static func excerpt(_ payload: UnsafeRawBufferPointer) -> String {
    String(decoding: payload.prefix(256), as: UTF8.self)
  }
}

extension Device {
  /// A body that could not be read, answered in its turn.
  func refuseUpdate(_ refusal: Refusal, event: String) {
    let isQueued = state.withLock { state in
      state.outstanding > 0 && answerInTurn(refusal, event: event, in: &state)
    }
    if !isQueued { refuse(refusal, event: event, milliseconds: context.clock.milliseconds) }
  }
}

extension TwinEncoder {
  /// A device of a membership message; what is not known is left out.
  mutating func device(_ name: DeviceName, word: String, link: LinkSnapshot?) {
    raw("{\"id\":")
    string(name.description)
    raw(",\"name\":")
    string(name.name)
    if !word.isEmpty {
      raw(",\"state\":")
      string(word)
    }
    if let link, link.state == .online, link.lastOnline > 0 {
      raw(",\"last_online\":")
      string(TimeText.utc(seconds: link.lastOnline / 1_000_000_000))
    }
    raw("}")
  }
}
