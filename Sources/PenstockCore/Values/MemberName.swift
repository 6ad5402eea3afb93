/// Names of meshes and members. They stand in files, paths, signed notes and keys, so one rule holds wherever they are
/// given.
package enum MemberName {
    package static let form = "1 to 64 of a-z, 0-9, '.', '-', '_', and does not begin with '.'"

    package static func isValid(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count) && name.utf8.first != UInt8(ascii: ".")
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."),
                    UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
