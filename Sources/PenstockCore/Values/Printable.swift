extension Unicode.Scalar {
    /// C0, DEL, C1, line separators, and what turns the direction of writing: shown as they are, they could move a
    /// cursor, and hide or forge what a reader sees.
    package var isControl: Bool {
        switch value {
        case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}

extension String {
    package var isPrintable: Bool { !unicodeScalars.contains(where: \.isControl) }
}
