package enum PenstockVersion {
    package static let current = "0.1.0"
}
