extension Unicode.Scalar {
    /// C0, DEL, C1, line separators, what turns the direction of writing, and what is not seen at all: shown as they
    /// are, they could move a cursor, and hide or forge what a reader sees.
    package var isControl: Bool {
        switch value {
        case 0..<0x20, 0x7F..<0xA0, 0x61C, 0x200B, 0x200E, 0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF,
            0xFFF9...0xFFFB, 0xE0000...0xE007F:
            true
        default: false
        }
    }
}

extension String {
    package var isPrintable: Bool { !unicodeScalars.contains(where: \.isControl) }

    /// What somebody else wrote, fit to be shown: such characters as their numbers, and no longer than a unit.
    package var printed: String {
        if utf8.count <= 64, isPrintable { return self }
        var text = ""
        for scalar in unicodeScalars {
            let next = scalar.isControl ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
            guard text.utf8.count + next.utf8.count <= 64 else { return text + "…" }
            text += next
        }
        return text
    }
}
