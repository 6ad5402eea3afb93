/// A member of large values that many read: whoever borrows one gets its address.
///
/// The compiler copies a borrowed struct to pass it, however large, unless one of its members has no layout that is
/// known beforehand, as an existential's value has none.
struct InPlace: Sendable {
    private let member: any Sendable = ()
}
