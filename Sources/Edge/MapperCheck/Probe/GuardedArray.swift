// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// An array for a mapper to fill, with marked memory behind it that it must leave alone. `Element` is a C type.
final class GuardedArray<Element> {
  private static var guardSize: Int { 64 }

  let first: UnsafeMutablePointer<Element>
  let count: Int
  private let memory: UnsafeMutableRawPointer

  init(_ elements: [Element]) {
    count = elements.count
    let size = count * MemoryLayout<Element>.stride
    memory = .allocate(byteCount: size + Self.guardSize, alignment: 16)
    first = memory.bindMemory(to: Element.self, capacity: max(1, count))
    for (place, element) in elements.enumerated() { (first + place).initialize(to: element) }
    memset(memory + size, 0xC3, Self.guardSize)
  }

  deinit { memory.deallocate() }

  var elements: [Element] { Array(UnsafeBufferPointer(start: first, count: count)) }

  /// Throws when the mapper wrote beyond the end.
  func check(_ name: String) throws(CheckEnd) {
    let behind = UnsafeRawBufferPointer(
      start: memory + count * MemoryLayout<Element>.stride, count: Self.guardSize)
    guard behind.allSatisfy({ $0 == 0xC3 }) else {
      throw .failed(
        expected: "nothing written beyond \(name)[\(count)]", seen: "memory behind it was changed")
    }
  }
}
