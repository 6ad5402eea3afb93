internal import PenstockCore
internal import Testing

/// What a denial says of when to ask again.
@Suite struct WhenItMayPassTests {
    @Test func grantThatIsNotValidYetSaysWhen() throws {
        let node = try DecidingNode([Make.grant("g") { $0.notBefore = Make.wall + 5_000 }])
        let denied = node.decide(Make.call())
        #expect(
            denied.reason == .notYetValid && denied.retryAfter >= Make.milliseconds(5_000)
                && denied.retryAfter < Make.milliseconds(6_000))
    }

    @Test func suspensionThatEndsByItselfSaysWhen() throws {
        let node = try DecidingNode([Make.grant("g")])
        try node.add(Make.revoke(.run("run-g"), .suspend, expiresAt: Make.wall + 3_000))
        let denied = node.decide(Make.call())
        #expect(
            denied.reason == .suspended
                && (Make.milliseconds(3_000)..<Make.milliseconds(4_000)).contains(denied.retryAfter))
        try node.add(Make.revoke(.all, .suspend))
        #expect(node.decide(Make.call()).retryAfter == 0, "nobody knows when that is lifted")
    }

    /// A retry is the same call: it passes every check that the call did, with what it says now.
    @Test func retryPassesConditionsOnArguments() throws {
        let node = try DecidingNode([
            Make.grant("g") { $0.conditions = [.init(path: "arguments.path", comparison: .equal, value: "/srv")] }
        ])
        let other = Make.call { $0.attributes = ["arguments.path": "/etc"] }
        #expect(node.enforcement.node.preview(other, arrivedAt: node.now, now: node.now).reason == .resourceOutOfBounds)
        #expect(
            node.enforcement.node.preview(Make.call(), now: node.now).reason == .none,
            "a list of tools has no arguments")
        try node.add(Make.revoke(.all, .throttle(calls: 0, windowMS: 400)))
        let same = Make.call { $0.attributes = ["arguments.path": "/srv"] }
        #expect(
            node.enforcement.node.preview(same, arrivedAt: node.now, now: node.now).reason == .none,
            "it was counted when it was allowed")
    }

    /// A preview leaves out only what it was not told.
    @Test(
        arguments: [
            ("3", Reason.resourceOutOfBounds), ("4", .none), ("4.0", .none), ("3e0", .resourceOutOfBounds),
            (nil, .none),
        ] as [(String?, Reason)])
    func previewReadsTheArgumentsThatItIsGiven(level: String?, reason: Reason) throws {
        let conditions = ["arguments.level != 3", "arguments.path ^= /srv/"].compactMap { Grant.Condition(parsing: $0) }
        let node = try DecidingNode([Make.grant("g") { $0.conditions = conditions }])
        var call = Make.call()
        if let level { call.attributes["arguments.level"] = level }
        #expect(node.enforcement.node.preview(call, now: node.now).reason == reason)
        call.attributes["arguments.path"] = "/etc"
        #expect(node.enforcement.node.preview(call, now: node.now).reason == .resourceOutOfBounds)
        #expect(node.decide(call).reason == .resourceOutOfBounds)
    }
}
