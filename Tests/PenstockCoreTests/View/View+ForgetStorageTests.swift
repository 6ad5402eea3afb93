internal import PenstockCore
internal import Testing

/// What a view keeps follows what lives, whatever comes and goes.
@Suite struct ViewForgetStorageTests {
    private static let over = Make.wall - Limits.keptMS

    private func ended(_ id: String, _ change: (inout Grant) -> Void = { _ in }) -> Grant {
        Make.grant(id) {
            $0.expiresAt = Self.over
            change(&$0)
        }
    }

    /// Texts, shapes and slots of many that come and go: what is kept follows those that live.
    @Test func storageFollowsTheGrantsThatLive() throws {
        var view = try View(grants: (0..<10).map { Make.grant("live \($0)") })
        var number = 0
        func round() throws -> [Int] {
            let first = view.position + 1
            for _ in 0..<200 {
                number += 1
                try view.add(
                    .grantIssued(ended("\(number)") { $0.resources = ["invoice:\(number)"] }), by: "issuer")
            }
            try view.add(.forgotten(Forgetting(grants: Array(first..<first + 200))), by: "ledger")
            return [
                view.grants.count, view.handles.count, view.rules.count, view.symbols.count, view.symbols.numbersUsed,
            ]
        }
        let once = try round()
        for _ in 0..<50 { #expect(try round() == once) }
        #expect(view.handles.count == 10)
        #expect(view.grants.count == 210)
        for live in 0..<10 { #expect(view.index(ofGrant: "live \(live)") == live) }
    }

    /// Whatever comes and goes: a view that has forgotten answers as one that is made from what it keeps.
    @Test(arguments: 1...20 as ClosedRange<UInt64>) func viewThatForgotIsTheViewOfWhatItKeeps(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        var view = try View(grants: [])
        var revokes: [Digest] = []
        for number in 0..<300 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0: revokes.append(try view.add(Make.revoke(.run("r\(number % 5)"))))
            case 1: if !revokes.isEmpty { try view.add(Make.lift(revokes.removeFirst())) }
            case 2, 3:
                let over = view.handles.map(Int.init).filter {
                    view.isOver($0, by: Make.wall) && !view.hasChildren($0) && Bool.random(using: &random)
                }
                try view.add(.forgotten(Forgetting(grants: over.map { view.grants[$0].position })), by: "ledger")
            default:
                let parent = view.handles.randomElement(using: &random).map { view.placedGrant(Int($0)).grant }
                let child = ended("\(number)") {
                    $0.delegate = 8
                    $0.runID = "r\(number % 5)"
                    $0.expiresAt = Bool.random(using: &random) ? Self.over : Make.wall + 1
                    guard let parent, Bool.random(using: &random) else { return }
                    ($0.parent, $0.runID, $0.agentID) = (parent.grantID, "", "")
                }
                try view.add(.grantIssued(child), by: "issuer")
            }
        }
        let made = try View(image: view.image)
        #expect(made.image == view.image)
        for number in 0..<300 {
            let (credential, id) = (Make.id("credential of \(number)"), "\(number)")
            #expect((view.index(of: credential) == nil) == (made.index(of: credential) == nil))
            #expect(view.marks(on: id) == made.marks(on: id))
            guard let index = view.index(of: credential) else { continue }
            #expect(view.index(ofGrant: id) == index)
            #expect(view.placedGrant(index).grant.grantID == id)
        }
    }
}
