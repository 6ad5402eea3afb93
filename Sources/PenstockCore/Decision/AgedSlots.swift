/// Elements in places that stay theirs, of which some are linked in the order in which that was done.
///
/// Its room is taken once, with the first element: nothing is ever moved or looked through, however many there are.
struct AgedSlots<Element: Sendable>: Sendable {
    private struct Slot: Sendable {
        var element: Element
        /// While it is free, `newer` is the next free one.
        var older: Int32 = -1
        var newer: Int32 = -1
    }

    private var slots = ContiguousArray<Slot>()
    private var free: Int32 = -1
    /// Ends of what is linked, or -1.
    private(set) var oldest: Int32 = -1
    private(set) var newest: Int32 = -1
    private(set) var count = 0
    private(set) var linked = 0
    private let room: Int
    private let blank: Element

    /// - Parameter blank: what lies in a free place.
    init(room: Int, blank: Element) {
        self.room = room
        self.blank = blank
    }

    /// In place: an element is not copied to be looked at.
    @inline(__always)
    subscript(_ place: Int32) -> Element {
        _read { yield slots[Int(place)].element }
        _modify { yield &slots[Int(place)].element }
    }

    mutating func insert(_ element: Element) -> Int32 {
        if slots.isEmpty { slots.reserveCapacity(room) }
        count += 1
        guard free >= 0 else {
            slots.append(Slot(element: element))
            return Int32(slots.count - 1)
        }
        let place = free
        free = slots[Int(place)].newer
        slots[Int(place)] = Slot(element: element)
        return place
    }

    /// From here on it is the newest.
    mutating func link(_ place: Int32) {
        slots[Int(place)].older = newest
        if newest >= 0 { slots[Int(newest)].newer = place } else { oldest = place }
        newest = place
        linked += 1
    }

    mutating func unlink(_ place: Int32) {
        let (older, newer) = (slots[Int(place)].older, slots[Int(place)].newer)
        if older >= 0 { slots[Int(older)].newer = newer } else { oldest = newer }
        if newer >= 0 { slots[Int(newer)].older = older } else { newest = older }
        linked -= 1
    }

    /// Unlink it before.
    mutating func remove(_ place: Int32) -> Element {
        let element = slots[Int(place)].element
        slots[Int(place)] = Slot(element: blank, newer: free)
        free = place
        count -= 1
        return element
    }
}
