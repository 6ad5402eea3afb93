/// How a door on TCP speaks TLS. Its files are read again when they change.
package struct DoorTLSOptions: Sendable {
    /// PEM: the door's certificate, and the authorities between it and a root.
    package var certificate: String
    /// PEM: its private key, without a password.
    package var key: String
    package var clients = Clients.asked
    /// PEM: roots of clients' certificates that are no SVIDs.
    package var clientRoots: String?
    /// By trust domain, PEM files of its roots.
    package var bundles: [String: String] = [:]

    package init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }

    /// Whether clients show a certificate.
    package enum Clients: String, Sendable, CaseIterable {
        case none, asked, required
    }
}
