internal import Logging
internal import NIOSSL
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockGatekeeper
internal import PenstockIdentity
internal import PenstockSystem
internal import ServiceLifecycle
internal import Synchronization

/// What the files of a door's TLS say now: looked at each second, read again when one of them has changed.
///
/// Files that cannot be used leave what was read before in force, with a warning: a renewal that went wrong shuts
/// nobody out until the old certificate ends.
final class TLSFiles: Service {
    struct Material: Sendable {
        var context: NIOSSLContext
        var trust: ClientTrust
    }

    private struct State {
        var material: Material
        var stamps: [SmallFile.Stamp?]
        var failures: UInt64 = 0
        var refusals: UInt64 = 0
    }

    let options: DoorTLSOptions
    private let state: Mutex<State>
    private let logger: Logger
    /// Called when whom to believe has changed: what was proven before counts no more.
    private let onChange: @Sendable () -> Void

    /// - Throws: `HTTPDoorError` for files that cannot be used.
    init(_ options: DoorTLSOptions, logger: Logger, onChange: @escaping @Sendable () -> Void) throws(HTTPDoorError) {
        self.options = options
        self.logger = logger
        self.onChange = onChange
        let stamps = Self.stamps(options)
        state = Mutex(State(material: try Self.read(options), stamps: stamps))
    }

    var material: Material { state.withLock { $0.material } }

    func run() async throws {
        _ = try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: HTTPLimits.tlsReadInterval)
                self.refresh()
            }
        }
    }

    func refresh() {
        let stamps = Self.stamps(options)
        guard stamps != state.withLock({ $0.stamps }) else { return }
        do throws(HTTPDoorError) {
            let material = try Self.read(options)
            state.withLock { ($0.material, $0.stamps) = (material, stamps) }
            logger.info("the files of TLS were read again")
            onChange()
        } catch {
            state.withLock { ($0.stamps, $0.failures) = (stamps, $0.failures + 1) }
            logger.warning("the files of TLS cannot be used; the ones before stay", metadata: ["why": "\(error)"])
        }
    }

    /// A client's certificate was not believed.
    func refused() { state.withLock { $0.refusals += 1 } }

    var metrics: [Metric] {
        let (failures, refusals) = state.withLock { ($0.failures, $0.refusals) }
        return [
            Metric(
                "penstock_tls_unusable_files_total", "Changes of the files of TLS that could not be used.", .counter,
                value: Double(failures)),
            Metric(
                "penstock_tls_refused_clients_total", "Handshakes with a certificate that was not believed.", .counter,
                value: Double(refusals)),
        ]
    }

    private static func read(_ options: DoorTLSOptions) throws(HTTPDoorError) -> Material {
        func certificates(_ path: String) throws(HTTPDoorError) -> [Certificate] {
            do {
                let bytes = try SmallFile.read(path, atMost: IdentityLimits.fileBytes)
                return try Certificate.read(pem: String(decoding: bytes, as: UTF8.self))
            } catch {
                throw .unusableTLS("\(path): \(error)")
            }
        }
        var trust = ClientTrust(roots: try options.clientRoots.map(certificates))
        for (domain, path) in options.bundles { trust.bundles.roots[domain] = try certificates(path) }
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(options.certificate)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: options.key, format: .pem)))
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["http/1.1"]
            configuration.certificateVerification =
                switch options.clients {
                case .none: .none
                case .asked: .optionalVerification
                case .required: .noHostnameVerification
                }
            return Material(context: try NIOSSLContext(configuration: configuration), trust: trust)
        } catch {
            throw .unusableTLS("\(options.certificate) and \(options.key): \(error)")
        }
    }

    private static func stamps(_ options: DoorTLSOptions) -> [SmallFile.Stamp?] {
        let paths = [options.certificate, options.key, options.clientRoots ?? ""] + options.bundles.values.sorted()
        return paths.map { SmallFile.stamp($0) }
    }
}
