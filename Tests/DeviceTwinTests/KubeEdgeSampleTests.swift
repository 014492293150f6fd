// SPDX-License-Identifier: Apache-2.0
// Messages stand as they are on the wire, in one line.
// swift-format-ignore-file
import DeviceAPI
import DeviceTwin
import Testing

/// The requests that were captured from a KubeEdge agent, with the answers they get here.
///
/// The clock stands at T = 1795515640000 and moves by one second with each request, so that times are exact.
@Suite struct KubeEdgeSampleTests {
  @Test func `a property is made, changed, desired and reached`() async throws {
    try await SampleStep.run([
      SampleStep(
        "twin/get", #"{"event_id":"g0","timestamp":1700000000000}"#,
        [("twin/get/result", #"{"event_id":"g0","timestamp":@0,"twin":{}}"#)]),
      SampleStep(
        "twin/update",
        #"{"event_id":"u1","timestamp":1700000000000,"twin":{"p0":{"actual":{"value":"21"}}}}"#,
        [
          (
            "twin/update/result",
            #"{"event_id":"u1","timestamp":@0,"twin":{"p0":{"actual":{"value":"21","metadata":{"timestamp":@0}},"optional":true,"metadata":{"type":"string"}}}}"#
          ),
          (
            "twin/update/document",
            #"{"event_id":"u1","timestamp":@0,"twin":{"p0":{"last":null,"current":{"actual":{"value":"21","metadata":{"timestamp":@0}},"optional":true,"metadata":{"type":"string"}}}}}"#
          ),
        ]),
      SampleStep(
        "twin/update",
        #"{"event_id":"u2","timestamp":1700000000000,"twin":{"p0":{"actual":{"value":"22"}}}}"#,
        [
          (
            "twin/update/result",
            #"{"event_id":"u2","timestamp":@0,"twin":{"p0":{"actual":{"value":"22","metadata":{"timestamp":@0}},"optional":true,"metadata":{"type":"string"}}}}"#
          ),
          (
            "twin/update/document",
            #"{"event_id":"u2","timestamp":@0,"twin":{"p0":{"last":{"actual":{"value":"21","metadata":{"timestamp":@2}},"optional":true,"metadata":{"type":"string"}},"current":{"actual":{"value":"22","metadata":{"timestamp":@0}},"optional":true,"metadata":{"type":"string"}}}}}"#
          ),
        ]),
      // The same once more: nothing is suppressed.
      SampleStep(
        "twin/update",
        #"{"event_id":"u3","timestamp":1700000000000,"twin":{"p0":{"actual":{"value":"22"}}}}"#,
        [
          (
            "twin/update/result",
            #"{"event_id":"u3","timestamp":@0,"twin":{"p0":{"actual":{"value":"22","metadata":{"timestamp":@0}},"optional":true,"metadata":{"type":"string"}}}}"#
          ),
          (
            "twin/update/document",
            #"{"event_id":"u3","timestamp":@0,"twin":{"p0":{"last":{"actual":{"value":"22","metadata":{"timestamp":@3}},"optional":true,"metadata":{"type":"string"}},"current":{"actual":{"value":"22","metadata":{"timestamp":@0}},"optional":true,"metadata":{"type":"string"}}}}}"#
          ),
        ]),
      SampleStep(
        "twin/update",
        #"{"event_id":"u4","timestamp":1700000000000,"twin":{"p0":{"expected":{"value":"30"}}}}"#,
        [
          (
            "twin/update/result",
            #"{"event_id":"u4","timestamp":@0,"twin":{"p0":{"expected":{"value":"30","metadata":{"timestamp":@0}},"optional":true,"metadata":{"type":"string"}}}}"#
          ),
          (
            "twin/update/document",
            #"{"event_id":"u4","timestamp":@0,"twin":{"p0":{"last":{"actual":{"value":"22","metadata":{"timestamp":@4}},"optional":true,"metadata":{"type":"string"}},"current":{"expected":{"value":"30","metadata":{"timestamp":@0}},"actual":{"value":"22","metadata":{"timestamp":@4}},"optional":true,"metadata":{"type":"string"}}}}}"#
          ),
          (
            "twin/update/delta",
            #"{"event_id":"UUID","timestamp":@0,"twin":{"p0":{"expected":{"value":"30","metadata":{"timestamp":@0}},"actual":{"value":"22","metadata":{"timestamp":@4}},"optional":true,"metadata":{"type":"string"}}},"delta":{"p0":"30"}}"#
          ),
        ]),
      // An update of another property is followed by the delta too.
      SampleStep(
        "twin/update",
        #"{"event_id":"u5","twin":{"n":{"expected":{"value":"5"},"actual":{"value":"5"},"metadata":{"type":"int"}}}}"#,
        [
          (
            "twin/update/result",
            #"{"event_id":"u5","timestamp":@0,"twin":{"n":{"expected":{"value":"5","metadata":{"timestamp":@0}},"actual":{"value":"5","metadata":{"timestamp":@0}},"optional":true,"metadata":{"type":"int"}}}}"#
          ),
          (
            "twin/update/document",
            #"{"event_id":"u5","timestamp":@0,"twin":{"n":{"last":null,"current":{"expected":{"value":"5","metadata":{"timestamp":@0}},"actual":{"value":"5","metadata":{"timestamp":@0}},"optional":true,"metadata":{"type":"int"}}}}}"#
          ),
          (
            "twin/update/delta",
            #"{"event_id":"UUID","timestamp":@0,"twin":{"n":{"expected":{"value":"5","metadata":{"timestamp":@0}},"actual":{"value":"5","metadata":{"timestamp":@0}},"optional":true,"metadata":{"type":"int"}},"p0":{"expected":{"value":"30","metadata":{"timestamp":@5}},"actual":{"value":"22","metadata":{"timestamp":@4}},"optional":true,"metadata":{"type":"string"}}},"delta":{"p0":"30"}}"#
          ),
        ]),
      SampleStep(
        "twin/update", #"{"event_id":"u17","timestamp":1,"twin":{}}"#,
        [
          ("twin/update/result", #"{"event_id":"u17","timestamp":@0,"twin":{}}"#),
          (
            "twin/update/delta",
            #"{"event_id":"UUID","timestamp":@0,"twin":{"n":{"expected":{"value":"5","metadata":{"timestamp":@6}},"actual":{"value":"5","metadata":{"timestamp":@6}},"optional":true,"metadata":{"type":"int"}},"p0":{"expected":{"value":"30","metadata":{"timestamp":@5}},"actual":{"value":"22","metadata":{"timestamp":@4}},"optional":true,"metadata":{"type":"string"}}},"delta":{"p0":"30"}}"#
          ),
        ]),
      // Reached: no delta any more. Two properties make one result and one document.
      SampleStep(
        "twin/update",
        #"{"event_id":"u8","twin":{"p0":{"actual":{"value":"30"}},"b":{"actual":{"value":"true"},"metadata":{"type":"boolean"}}}}"#,
        [
          (
            "twin/update/result",
            #"{"event_id":"u8","timestamp":@0,"twin":{"b":{"actual":{"value":"true","metadata":{"timestamp":@0}},"optional":true,"metadata":{"type":"boolean"}},"p0":{"actual":{"value":"30","metadata":{"timestamp":@0}},"optional":true,"metadata":{"type":"string"}}}}"#
          ),
          (
            "twin/update/document",
            #"{"event_id":"u8","timestamp":@0,"twin":{"b":{"last":null,"current":{"actual":{"value":"true","metadata":{"timestamp":@0}},"optional":true,"metadata":{"type":"boolean"}}},"p0":{"last":{"expected":{"value":"30","metadata":{"timestamp":@5}},"actual":{"value":"22","metadata":{"timestamp":@4}},"optional":true,"metadata":{"type":"string"}},"current":{"expected":{"value":"30","metadata":{"timestamp":@5}},"actual":{"value":"30","metadata":{"timestamp":@0}},"optional":true,"metadata":{"type":"string"}}}}}"#
          ),
        ]),
      SampleStep(
        "twin/get", #"{"event_id":"g1","timestamp":1}"#,
        [
          (
            "twin/get/result",
            #"{"event_id":"g1","timestamp":@0,"twin":{"b":{"actual":{"value":"true","metadata":{"timestamp":@8}},"optional":true,"metadata":{"type":"boolean"}},"n":{"expected":{"value":"5","metadata":{"timestamp":@6}},"actual":{"value":"5","metadata":{"timestamp":@6}},"optional":true,"metadata":{"type":"int"}},"p0":{"expected":{"value":"30","metadata":{"timestamp":@5}},"actual":{"value":"30","metadata":{"timestamp":@8}},"optional":true,"metadata":{"type":"string"}}}}"#
          )
        ]),
      SampleStep(
        "twin/update", #"{"twin":{"t2":{}}}"#,
        [
          (
            "twin/update/result",
            #"{"event_id":"","timestamp":@0,"twin":{"t2":{"optional":true,"metadata":{"type":"string"}}}}"#
          ),
          (
            "twin/update/document",
            #"{"event_id":"","timestamp":@0,"twin":{"t2":{"last":null,"current":{"optional":true,"metadata":{"type":"string"}}}}}"#
          ),
        ]),
      SampleStep(
        "twin/update", #"{"twin":{"t2":{}}}"#,
        [("twin/update/result", #"{"event_id":"","timestamp":@0,"twin":{}}"#)]),
    ])
  }

  @Test func `a property is deleted, deleted again and revived`() async throws {
    try await SampleStep.run([
      SampleStep(
        "twin/update",
        #"{"event_id":"u10","timestamp":1,"twin":{"o":{"actual":{"value":"1"},"metadata":{"type":"int"}}}}"#,
        [
          (
            "twin/update/result",
            #"{"event_id":"u10","timestamp":@0,"twin":{"o":{"actual":{"value":"1","metadata":{"timestamp":@0}},"optional":true,"metadata":{"type":"int"}}}}"#
          ),
          (
            "twin/update/document",
            #"{"event_id":"u10","timestamp":@0,"twin":{"o":{"last":null,"current":{"actual":{"value":"1","metadata":{"timestamp":@0}},"optional":true,"metadata":{"type":"int"}}}}}"#
          ),
        ]),
      SampleStep(
        "twin/update", #"{"event_id":"u11","timestamp":1,"twin":{"o":null}}"#,
        [
          ("twin/update/result", #"{"event_id":"u11","timestamp":@0,"twin":{"o":null}}"#),
          (
            "twin/update/document",
            #"{"event_id":"u11","timestamp":@0,"twin":{"o":{"last":{"actual":{"value":"1","metadata":{"timestamp":@1}},"optional":true,"metadata":{"type":"int"}},"current":null}}}"#
          ),
        ]),
      SampleStep(
        "twin/update", #"{"event_id":"u12","timestamp":1,"twin":{"o":null}}"#,
        [
          ("twin/update/result", #"{"event_id":"u12","timestamp":@0,"twin":{}}"#),
          (
            "twin/update/document",
            #"{"event_id":"u12","timestamp":@0,"twin":{"o":{"last":{"actual":{},"optional":true,"metadata":{"type":"deleted"}},"current":null}}}"#
          ),
        ]),
      SampleStep(
        "twin/get", "{}", [("twin/get/result", #"{"event_id":"","timestamp":@0,"twin":{}}"#)]),
      SampleStep(
        "twin/update", #"{"event_id":"u15","timestamp":1,"twin":{"nosuch":null}}"#,
        [
          ("twin/update/result", #"{"event_id":"u15","timestamp":@0,"twin":{}}"#),
          (
            "twin/update/document",
            #"{"event_id":"u15","timestamp":@0,"twin":{"nosuch":{"last":null,"current":null}}}"#
          ),
        ]),
      SampleStep(
        "twin/update", #"{"event_id":"u13","timestamp":1,"twin":{"o":{"actual":{"value":"7"}}}}"#,
        [
          (
            "twin/update/result",
            #"{"event_id":"u13","timestamp":@0,"twin":{"o":{"actual":{"value":"7","metadata":{"timestamp":@0}},"optional":true,"metadata":{"type":"string"}}}}"#
          ),
          (
            "twin/update/document",
            #"{"event_id":"u13","timestamp":@0,"twin":{"o":{"last":null,"current":{"actual":{"value":"7","metadata":{"timestamp":@0}},"optional":true,"metadata":{"type":"string"}}}}}"#
          ),
        ]),
    ])
  }
}
