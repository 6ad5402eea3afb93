internal import CPrefetch

/// Tables that a decision reads at random places lie in huge pages where the system has them: with small ones, nearly
/// every access would wait for the page's address as well as for the data.
extension ContiguousArray {
    /// Makes room for as many elements. Asks before anything is written: memory in use stays in the pages it has.
    mutating func reserveInHugePages(_ wanted: Int) {
        guard wanted > capacity else { return }
        var larger = ContiguousArray()
        larger.reserveCapacity(wanted)
        larger.withUnsafeBufferPointer {
            penstock_prefer_huge_pages($0.baseAddress, larger.capacity * MemoryLayout<Element>.stride)
        }
        larger.append(contentsOf: self)
        self = larger
    }

    /// For use before `append`.
    mutating func growInHugePages() {
        if count == capacity { reserveInHugePages(Swift.max(64, count * 2)) }
    }
}
