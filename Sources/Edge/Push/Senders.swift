// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import Glibc
internal import JSON
internal import Synchronization
internal import Threads

/// One request for each value, as KubeEdge's mappers do.
struct HTTPSender: PushSender {
  let client: HTTPClient
  let target: PushMethod.HTTP
  let format: PushOptions.Format

  var batchLimit: Int { 1 }

  func send(_ items: [PushItem]) async throws(PushFailure) {
    for item in items {
      let request = HTTPRequest(
        url: target.url, path: target.url.path.isEmpty ? "/" : target.url.path,
        contentType: format == .json ? "application/json" : "application/x-www-form-urlencoded",
        body: format == .json ? ValueText.json(item) : ValueText.form(item), timeout: target.timeout)
      try await client.post(request).check()
    }
  }

  func close() async { await client.close() }
}

/// A connection to one broker.
final class MQTTSender: PushSender {
  private let outlet: any MessageOutlet
  private let format: PushOptions.Format

  init(outlet: any MessageOutlet, format: PushOptions.Format) {
    self.outlet = outlet
    self.format = format
  }

  var batchLimit: Int { 1 }

  func send(_ items: [PushItem]) async throws(PushFailure) {
    for item in items {
      guard case .mqtt(let mqtt) = item.target.method, let topic = item.target.topic else { continue }
      let bytes = format == .json ? ValueText.json(item) : ValueText.message(item, topic: mqtt.topic)
      let isTaken = bytes.withUnsafeBytes {
        outlet.publish($0, to: topic, qos: mqtt.qos, retained: mqtt.retained)
      }
      guard isTaken else {
        let problem = outlet.problem
        throw PushFailure(problem.isEmpty ? "too much is under way" : problem)
      }
    }
  }

  func close() async { await outlet.close() }
}

/// Line protocol to `/api/v2/write`.
struct InfluxSender: PushSender {
  let client: HTTPClient
  let url: ServerURL
  let organization: String
  let bucket: String
  let tokenFile: String?

  var batchLimit: Int { 1_000 }

  func send(_ items: [PushItem]) async throws(PushFailure) {
    var lines: [UInt8] = []
    for item in items {
      guard case .influxDB2(let influx) = item.target.method, LineProtocol.canSay(item.value) else {
        continue
      }
      LineProtocol.append(item, influx, to: &lines)
    }
    if lines.isEmpty { return }
    let token = try await token()
    let request = HTTPRequest(
      url: url, path: path, contentType: "text/plain; charset=utf-8",
      authorization: token.map { "Token " + $0 }, body: lines, timeout: PushMethod.HTTP.defaultTimeout)
    try await client.post(request).check()
  }

  func close() async { await client.close() }

  private var path: String {
    var bytes = Array(url.path.hasSuffix("/") ? url.path.dropLast().utf8 : url.path[...].utf8)
    bytes.append(contentsOf: "/api/v2/write?org=".utf8)
    ValueText.append(encoded: organization, to: &bytes)
    bytes.append(contentsOf: "&bucket=".utf8)
    ValueText.append(encoded: bucket, to: &bytes)
    bytes.append(contentsOf: "&precision=ns".utf8)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// As it is now; nil: the server asks for none.
  private func token() async throws(PushFailure) -> String? {
    guard let tokenFile else { return getenv("TOKEN").map { String(cString: $0) } }
    let result: Result<String, PushFailure> = await withCheckedContinuation { continuation in
      do throws(WorkerThread.StartError) {
        _ = try WorkerThread("push-token") { continuation.resume(returning: Self.read(tokenFile)) }
      } catch {
        continuation.resume(returning: .failure(PushFailure(error.description)))
      }
    }
    return try result.get()
  }

  private static func read(_ path: String) -> Result<String, PushFailure> {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return .failure(PushFailure("\(path): \(SystemError.text(errno))")) }
    defer { Glibc.close(file) }
    var bytes = [UInt8](repeating: 0, count: 4_096)
    let count = Glibc.read(file, &bytes, bytes.count)
    let text = String(decoding: bytes[..<max(count, 0)].prefix { $0 > 0x20 && $0 < 0x7F }, as: UTF8.self)
    return text.isEmpty ? .failure(PushFailure("\(path): expected a token, found nothing")) : .success(text)
  }
}

/// OTLP over HTTP, in protobuf.
struct OTLPSender: PushSender {
  let client: HTTPClient
  let url: ServerURL
  let node: String

  var batchLimit: Int { 1_000 }

  func send(_ items: [PushItem]) async throws(PushFailure) {
    let request = HTTPRequest(
      url: url, path: url.path, contentType: "application/x-protobuf",
      body: OTLPEncoder.encode(items, node: node), timeout: PushMethod.HTTP.defaultTimeout)
    try await client.post(request).check()
  }

  func close() async { await client.close() }
}
