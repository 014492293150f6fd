// SPDX-License-Identifier: Apache-2.0
package import CMapper
package import DeviceAPI

/// The frame of a batch of samples: as close to the driver's own array as can be, so that neither side
/// spends time on it.
/// ```
/// 0   header, `count` = number of samples
/// 16  i64  arrival, Unix nanoseconds
/// 24  u32  bytes of the tail
/// 28  u32  zero
/// 32  the samples, 40 bytes each as in the ABI; where a value has data, `data` is its offset in the tail
///     the tail: texts, bytes and arrays, each padded to 8
/// ```
/// A sample whose status is not OK carries the driver's words as a value of type text.
package enum SampleFrame {
  package static let headSize = 32
  package static let sampleSize = MemoryLayout<mapper_sample>.stride

  /// What stands before the samples.
  static func head(
    session: UInt32, count: Int, tail: Int, arrival: Int64, into head: UnsafeMutableRawBufferPointer
  ) {
    head.storeBytes(of: UInt32(headSize + count * sampleSize + tail), toByteOffset: 0, as: UInt32.self)
    head.storeBytes(of: Frame.Kind.samples.rawValue, toByteOffset: 4, as: UInt16.self)
    head.storeBytes(of: UInt16(0), toByteOffset: 6, as: UInt16.self)
    head.storeBytes(of: session, toByteOffset: 8, as: UInt32.self)
    head.storeBytes(of: UInt32(count), toByteOffset: 12, as: UInt32.self)
    head.storeBytes(of: arrival, toByteOffset: 16, as: Int64.self)
    head.storeBytes(of: UInt32(tail), toByteOffset: 24, as: UInt32.self)
    head.storeBytes(of: UInt32(0), toByteOffset: 28, as: UInt32.self)
  }

  /// How a point of a session becomes a property of a device.
  package struct PointMapping: Sendable {
    package var property: Int
    package var type: PropertyType

    package init(property: Int, type: PropertyType) {
      self.property = property
      self.type = type
    }
  }

  /// Reads a batch; `samples` is emptied first and keeps its memory.
  ///
  /// A sample that makes no sense (unknown point, a type that does not fit) becomes a failed one or, where
  /// not even its point is known, is left out.
  /// - Returns: the arrival, Unix nanoseconds.
  package static func decode(
    _ frame: UnsafeRawBufferPointer, header: Frame.Header, mapping: [PointMapping],
    into samples: inout [Sample]
  ) throws(Frame.Malformed) -> Int64 {
    let count = Int(header.count)
    guard header.size <= frame.count, header.size >= headSize, count <= (header.size - headSize) / sampleSize
    else {
      throw Frame.Malformed("sample count \(count)")
    }
    let tailSize = Int(frame.loadUnaligned(fromByteOffset: 24, as: UInt32.self))
    let tailStart = headSize + count * sampleSize
    guard tailStart + tailSize == header.size else { throw Frame.Malformed("tail of \(tailSize)") }
    let tail = Tail(bytes: UnsafeRawBufferPointer(rebasing: frame[tailStart..<header.size]))

    samples.removeAll(keepingCapacity: true)
    samples.reserveCapacity(count)
    for index in 0..<count {
      let raw = frame.loadUnaligned(fromByteOffset: headSize + index * sampleSize, as: mapper_sample.self)
      let point = Int(raw.point)
      guard point < mapping.count else { continue }
      samples.append(sample(raw, in: tail, mapping: mapping[point]))
    }
    return frame.loadUnaligned(fromByteOffset: 16, as: Int64.self)
  }

  /// The same without a frame, for a host that the engine lives in: what the samples point to is read where it lies.
  package static func samples(
    _ raw: UnsafeBufferPointer<mapper_sample>, mapping: [PointMapping]
  ) -> [Sample] {
    var samples: [Sample] = []
    samples.reserveCapacity(raw.count)
    for sample in raw where Int(sample.point) < mapping.count {
      samples.append(Self.sample(sample, in: Memory(), mapping: mapping[Int(sample.point)]))
    }
    return samples
  }

  @inline(__always)
  private static func sample(_ raw: mapper_sample, in source: some DataSource, mapping: PointMapping)
    -> Sample
  {
    let status = MapperStatus(rawValue: raw.status)
    guard status.rawValue == 0 else {
      var text = ""
      if raw.value.type == MAPPER_TYPE_TEXT, let data = source.data(of: raw.value, size: 1) {
        text = String(decoding: data, as: UTF8.self)
      }
      return Sample(
        property: mapping.property, sourceNanoseconds: raw.source_ns,
        failure: SampleFailure(status: status, text: text))
    }
    guard let value = value(of: raw.value, as: mapping.type, in: source) else {
      return Sample(
        property: mapping.property, sourceNanoseconds: raw.source_ns,
        failure: SampleFailure(
          status: .type, text: "the driver's value (type \(raw.value.type)) is no \(mapping.type.rawValue)"))
    }
    return Sample(
      property: mapping.property, quality: Quality(rawValue: raw.quality), sourceNanoseconds: raw.source_ns,
      value: value)
  }

  /// The common scalar pairs first: this runs once a sample.
  @inline(__always)
  private static func value(of raw: mapper_value, as type: PropertyType, in source: some DataSource)
    -> Value?
  {
    switch (raw.type, type) {
    case (MAPPER_TYPE_F32, .float):
      let value = Float(raw.f64)
      return value.isFinite ? .float(value) : nil
    case (MAPPER_TYPE_F64, .double): return raw.f64.isFinite ? .double(raw.f64) : nil
    case (MAPPER_TYPE_BOOL, .boolean): return .bool(raw.u64 != 0)
    case (MAPPER_TYPE_I16, .int), (MAPPER_TYPE_I32, .int), (MAPPER_TYPE_I64, .int): return .int(raw.i64)
    default: return MapperValue.value(raw, data: { source.data(of: raw, size: $0) })?.converted(to: type)
    }
  }
}

/// Where the texts, bytes and arrays of samples are.
private protocol DataSource {
  /// The bytes of a value, `size` bytes an element, if they are there.
  func data(of raw: mapper_value, size: Int) -> UnsafeRawBufferPointer?
}

/// Behind the samples of a frame: `data` is an offset, which nobody has checked yet.
private struct Tail: DataSource {
  let bytes: UnsafeRawBufferPointer

  func data(of raw: mapper_value, size: Int) -> UnsafeRawBufferPointer? {
    let offset = raw.u64
    let count = UInt64(raw.count) * UInt64(size)
    guard offset <= UInt64(bytes.count), count <= UInt64(bytes.count) - offset else { return nil }
    return UnsafeRawBufferPointer(rebasing: bytes[Int(offset)..<Int(offset + count)])
  }
}

/// In memory: `data` is an address, and the engine has checked the sample.
private struct Memory: DataSource {
  func data(of raw: mapper_value, size: Int) -> UnsafeRawBufferPointer? {
    UnsafeRawBufferPointer(start: raw.data, count: raw.data == nil ? 0 : Int(raw.count) * size)
  }
}
