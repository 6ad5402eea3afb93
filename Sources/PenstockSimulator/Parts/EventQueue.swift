/// What happens when: a binary heap by true time, and by the order of scheduling where that is equal.
///
/// The heap moves places only: what happens is much larger, and stays where it was put.
struct EventQueue<What> {
    struct Item {
        var time: Int64
        var order: UInt64
        var place: Int

        func isBefore(_ other: Item) -> Bool { time != other.time ? time < other.time : order < other.order }
    }

    private var heap: [Item] = []
    private var happenings: [What?] = []
    private var free: [Int] = []
    private var order: UInt64 = 0

    var isEmpty: Bool { heap.isEmpty }

    mutating func add(_ what: What, at time: Int64) {
        order += 1
        let place = free.popLast() ?? happenings.count
        if place == happenings.count { happenings.append(what) } else { happenings[place] = what }
        heap.append(Item(time: time, order: order, place: place))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].isBefore(heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func next() -> (time: Int64, what: What)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        free.append(first.place)
        return (first.time, happenings[first.place].take()!)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent * 2 + 1
            guard least < heap.count else { return }
            if least + 1 < heap.count, heap[least + 1].isBefore(heap[least]) { least += 1 }
            guard heap[least].isBefore(heap[parent]) else { return }
            heap.swapAt(least, parent)
            parent = least
        }
    }
}
