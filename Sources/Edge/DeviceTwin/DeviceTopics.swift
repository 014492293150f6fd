// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// Where the messages of one device go, built once.
final class DeviceTopics: Sendable {
  let updateResult: MessageTopic
  let document: MessageTopic
  let delta: MessageTopic
  let getResult: MessageTopic
  let stateResult: MessageTopic
  let telemetry: MessageTopic

  init(namespace: some StringProtocol, name: some StringProtocol) {
    let device = "events/device/\(namespace)/\(name)"
    updateResult = MessageTopic("$hw/\(device)/twin/update/result")
    document = MessageTopic("$hw/\(device)/twin/update/document")
    delta = MessageTopic("$hw/\(device)/twin/update/delta")
    getResult = MessageTopic("$hw/\(device)/twin/get/result")
    stateResult = MessageTopic("$hw/\(device)/state/update/result")
    telemetry = MessageTopic("$ke/\(device)/data/update")
  }
}
