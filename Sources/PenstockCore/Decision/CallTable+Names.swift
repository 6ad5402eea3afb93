/// What calls are named by, and what became of them.
extension CallTable {
    /// A call id is unique within its grant.
    package struct CallName: Hashable, Sendable {
        package var grant: Int32
        private var id: ByteText
        package init(grant: Int32, callID: String) {
            self.grant = grant
            id = ByteText(callID)
        }
    }

    package struct Named: Sendable, Equatable {
        package var content: Digest
        package var decision: UInt64
        package var settled: Bool
    }

    package enum End: Sendable, Equatable {
        case settled
        case released
        /// Charged in full, since it was open for too long.
        case overdue
    }
}
