extension Array {
    /// Whether one of them is. Reads them where they lie: threads that read side by side pass no count of references
    /// to and fro.
    @inline(__always)
    func hasOne(_ isOne: (borrowing Element) -> Bool) -> Bool {
        let elements = span
        for index in elements.indices where isOne(elements[index]) { return true }
        return false
    }
}
