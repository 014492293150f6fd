// SPDX-License-Identifier: Apache-2.0
internal import DeviceAPI
internal import HTTPTypes
internal import HummingbirdCore

/// What the endpoints do; by topic in `Handlers+….swift`.
struct Handlers: Sendable {
  let services: TwinAPIServices
  let manifests: ManifestQueue?
  let watches: WatchRegistry
  let works: WorkRegistry
  let heartbeat: Duration
  var access = AccessControl()
  var metrics = RequestMetrics()
  var followers = EventFollowers()
  /// The port speaks TLS.
  var isSecure = false

  var twins: any TwinAccess { services.twins }
  var mappers: any MapperDirectory { services.mappers }
  var methods: any MethodService { services.methods }
  var discovery: any DiscoveryService { services.discovery }
  var node: any NodeStatus { services.node }

  /// Every route of the API; `docs/api.md` has a section for each.
  static func endpoints(_ handlers: Handlers) -> [Endpoint] {
    deviceEndpoints(handlers) + historyEndpoints(handlers) + eventEndpoints(handlers)
      + accessEndpoints(handlers)
      + metricEndpoints(handlers) + pageEndpoints(handlers)
  }

  private static func deviceEndpoints(_ handlers: Handlers) -> [Endpoint] {
    let device = "/v1/devices/{namespace}/{name}"
    let property = device + "/properties/{property}"
    let desired = property + "/desired"
    return [
      Endpoint(method: .get, path: "/v1/devices", handler: handlers.listDevices),
      Endpoint(method: .get, path: device, handler: handlers.getDevice),
      Endpoint(method: .patch, path: device, isRecordedByTwin: true, handler: handlers.patchDevice),
      Endpoint(method: .get, path: property, handler: handlers.getProperty),
      Endpoint(method: .put, path: desired, isRecordedByTwin: true, handler: handlers.putDesired),
      Endpoint(method: .delete, path: desired, isRecordedByTwin: true, handler: handlers.deleteDesired),
      Endpoint(method: .get, path: device + "/methods", handler: handlers.listMethods),
      Endpoint(method: .post, path: device + "/methods/{method}", handler: handlers.callMethod),
      Endpoint(method: .post, path: device + "/describe", scope: .admin, handler: handlers.describe),
      Endpoint(method: .post, path: "/v1/drivers/{driver}/scan", scope: .admin, handler: handlers.scan),
      Endpoint(method: .get, path: "/v1/watch", handler: handlers.watch),
      Endpoint(method: .get, path: "/v1/ws", handler: handlers.openSocket),
      Endpoint(method: .get, path: "/openapi.json", handler: handlers.describeAPI),
      Endpoint(method: .post, path: "/v1/batch", isRecordedByTwin: true, handler: handlers.batch),
      Endpoint(method: .get, path: "/v1/mappers", handler: handlers.listMappers),
      Endpoint(method: .get, path: "/v1/mappers/{file}", handler: handlers.getMapper),
      Endpoint(method: .get, path: "/v1/node", handler: handlers.getNode),
      Endpoint(method: .get, path: "/v1/manifests", handler: handlers.getManifests),
      Endpoint(method: .put, path: "/v1/manifests", scope: .admin, handler: handlers.putManifests),
      Endpoint(
        method: .delete, path: "/v1/manifests/{kind}/{namespace}/{name}", scope: .admin,
        handler: handlers.deleteManifest),
      Endpoint(method: .get, path: "/healthz", scope: .none, handler: handlers.health),
      Endpoint(method: .get, path: "/readyz", scope: .none, handler: handlers.readiness),
    ]
  }
}
