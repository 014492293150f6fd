// SPDX-License-Identifier: Apache-2.0
internal import HTTPTypes
internal import HummingbirdCore
internal import JSON
internal import NIOCore

extension Response {
  static func json(
    _ writer: JSONWriter, status: HTTPResponse.Status = .ok, type: String = "application/json"
  ) -> Response {
    var body = ByteBuffer()
    body.reserveCapacity(writer.bytes.count + 1)
    body.writeBytes(writer.bytes)
    body.writeInteger(UInt8(ascii: "\n"))
    return Response(
      status: status, headers: .api(type: type), body: .init(byteBuffer: body))
  }
}

extension HTTPFields {
  /// Device state is never kept by a cache, and never guessed to be anything but what it says it is.
  static func api(type: String) -> HTTPFields {
    [.contentType: type, .cacheControl: "no-store", .xContentTypeOptions: "nosniff"]
  }
}
