// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI

/// Stands where the mapper host would, on a node whose configuration switches it off.
final class NoMappers: MapperDirectory {
  func mappers() -> [MapperReport] { [] }
}
