/// Grants by the positions of the events that issued them.
extension View {
    /// The id of the grant that an event issued.
    package func grant(issuedAt position: Position) -> String? {
        index(issuedAt: position).map { symbols.text(grants[$0].grant) }
    }

    /// Of the event that issued it; 0 for no grant.
    @inline(__always)
    package func position(ofGrant grant: Int32) -> Position { grant < 0 ? 0 : grants[Int(grant)].position }

    func index(issuedAt position: Position) -> Int? {
        guard position > 0 else { return nil }
        let place = firstGrant(after: position - 1)
        guard place < handles.count, grants[Int(handles[place])].position == position else { return nil }
        return Int(handles[place])
    }
}
