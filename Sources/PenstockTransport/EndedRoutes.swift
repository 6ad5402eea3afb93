/// The routes that ended last. libzmq gives none a second time.
struct EndedRoutes {
    private var newest: Set<RoutingID> = []
    private var older: Set<RoutingID> = []

    mutating func add(_ routes: [RoutingID]) {
        guard !routes.isEmpty else { return }
        if newest.count >= SocketLimits.endedRoutes { (older, newest) = (newest, []) }
        newest.formUnion(routes)
    }

    func contains(_ route: RoutingID) -> Bool { newest.contains(route) || older.contains(route) }
}
