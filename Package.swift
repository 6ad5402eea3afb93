// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// Generated protobuf code is not ours to style: it keeps the language mode and drops the rest.
let generated: [SwiftSetting] = [.swiftLanguageMode(.v6)]

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")

let package = Package(
    name: "penstock",
    products: [
        .executable(name: "penstock", targets: ["penstock"]),
        .executable(name: "penstock-simulator", targets: ["penstock-simulator"]),
        .library(name: "PenstockEnforcer", targets: ["PenstockEnforcer"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // The centre: values and state machines. It imports nothing but hints about memory.
        .systemLibrary(name: "CPrefetch"),
        .target(name: "PenstockCore", dependencies: ["CPrefetch"], swiftSettings: strict),

        // One simulator drives the same core. Its program builds in seconds: it needs nothing else.
        .target(name: "PenstockSimulator", dependencies: ["PenstockCore"], swiftSettings: strict),
        .executableTarget(name: "penstock-simulator", dependencies: ["PenstockSimulator"], swiftSettings: strict),

        // System libraries, each imported by exactly one target.
        .systemLibrary(name: "CZeroMQ", pkgConfig: "libzmq", providers: [.apt(["libzmq3-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CFileSystem"),
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

        .target(name: "PenstockCrypto", dependencies: ["COpenSSL", "CSodium", "PenstockCore"], swiftSettings: strict),
        .target(name: "PenstockProto", dependencies: [protobuf], exclude: ["penstock.proto"], swiftSettings: generated),
        .target(name: "PenstockWire", dependencies: ["PenstockCore", "PenstockProto", protobuf], swiftSettings: strict),
        .target(name: "PenstockFolder", swiftSettings: strict),
        .target(name: "PenstockStore", dependencies: ["PenstockCore", "PenstockFolder", "CFileSystem", grdb, grdbSQLite], swiftSettings: strict),
        .target(name: "PenstockJournal", dependencies: ["PenstockCore"], swiftSettings: strict),
        .target(name: "PenstockTransport", dependencies: ["CZeroMQ", "PenstockCore"], swiftSettings: strict),

        // The shells.
        .target(
            name: "PenstockNode",
            dependencies: [
                "PenstockCore", "PenstockCrypto", "PenstockProto", "PenstockWire", "PenstockTransport", protobuf, logging,
                yams,
            ],
            swiftSettings: strict),
        .target(
            name: "PenstockLedger",
            dependencies: [
                "PenstockCore", "PenstockCrypto", "PenstockProto", "PenstockWire", "PenstockStore", "PenstockTransport",
                "PenstockNode", protobuf, logging, lifecycle,
            ],
            swiftSettings: strict),
        .target(
            name: "PenstockEnforcer",
            dependencies: [
                "CMalloc", "PenstockCore", "PenstockCrypto", "PenstockProto", "PenstockWire", "PenstockFolder", "PenstockJournal",
                "PenstockTransport", "PenstockNode", protobuf, logging, lifecycle,
            ],
            swiftSettings: strict),
        .target(
            name: "PenstockHTTP",
            dependencies: ["PenstockCore", "PenstockEnforcer", hummingbird, httpClient, logging, lifecycle],
            swiftSettings: strict),
        .target(
            name: "PenstockGateway",
            dependencies: ["PenstockCore", "PenstockCrypto", "PenstockEnforcer", "PenstockHTTP", "PenstockNode", logging, yams],
            swiftSettings: strict),
        .target(
            name: "PenstockBench",
            dependencies: [
                "PenstockCore", "PenstockStore", "PenstockCrypto", "PenstockProto", "PenstockWire", "PenstockJournal", "PenstockTransport",
                "PenstockNode", "PenstockLedger", "PenstockEnforcer", protobuf, logging,
            ],
            swiftSettings: strict),
        .target(
            name: "PenstockConsole",
            dependencies: [
                "PenstockCore", "PenstockCrypto", "PenstockProto", "PenstockWire", "PenstockStore", "PenstockTransport",
                "PenstockNode", "PenstockLedger", "PenstockEnforcer", "PenstockHTTP", "PenstockGateway", "PenstockBench", "PenstockSimulator",
                argumentParser, protobuf, logging, lifecycle,
            ],
            swiftSettings: strict),
        .executableTarget(name: "penstock", dependencies: ["PenstockConsole", argumentParser], swiftSettings: strict),

        .testTarget(name: "PenstockCoreTests", dependencies: ["PenstockCore"], swiftSettings: strict),
        .testTarget(
            name: "PenstockCryptoTests", dependencies: ["PenstockCrypto", "PenstockCore"], exclude: ["verify_proof.py"],
            swiftSettings: strict),
        .testTarget(
            name: "PenstockWireTests", dependencies: ["PenstockWire", "PenstockProto", "PenstockCore", protobuf],
            exclude: ["Golden"], swiftSettings: strict),
        .testTarget(name: "PenstockStoreTests", dependencies: ["PenstockStore", "PenstockFolder", "PenstockCore", grdb], swiftSettings: strict),
        .testTarget(name: "PenstockJournalTests", dependencies: ["PenstockJournal", "PenstockCore"], swiftSettings: strict),
        .testTarget(
            name: "PenstockTransportTests", dependencies: ["PenstockTransport", "PenstockCore"], swiftSettings: strict),
        .testTarget(
            name: "PenstockGatewayTests",
            dependencies: ["PenstockGateway", "PenstockHTTP", "PenstockEnforcer", "PenstockNode", "PenstockCore", logging, lifecycle],
            swiftSettings: strict),

        // Every decoder that meets foreign bytes, with laws: its corpora are replayed by tests and grown by cluster/fuzz.
        .target(
            name: "PenstockFuzz",
            dependencies: [
                "PenstockCore", "PenstockCrypto", "PenstockProto", "PenstockWire", "PenstockTransport", "PenstockNode", "PenstockEnforcer",
                "PenstockHTTP", "PenstockGateway", "PenstockConsole", protobuf,
            ],
            path: "Tests/Fuzz/Targets", swiftSettings: strict),
        .testTarget(name: "PenstockFuzzTests", dependencies: ["PenstockFuzz"], swiftSettings: strict),
    ]
)

// cluster/fuzz sets this, and builds one executable with libFuzzer's `main`. Of the shells it takes the decoders alone,
// so that neither the HTTP server nor the store has to be built for it.
if Context.environment["PENSTOCK_FUZZ"] != nil {
    let decoders: [String: (sources: [String], dependencies: [Target.Dependency])] = [
        "PenstockEnforcer": (["Decision.swift", "Gatekeeper.swift"], ["PenstockCore"]),
        "PenstockHTTP": (
            [
                "EvaluationCodec.swift", "EvaluationCodec+Question.swift", "EventStreamParser.swift", "HTTPLimits.swift", "Hashing.swift",
                "TraceParent.swift",
            ], ["PenstockCore", "PenstockEnforcer"]
        ),
        "PenstockConsole": (
            [
                "GrantFile.swift", "Output/DurationText.swift", "Output/Forms.swift", "Output/RateText.swift", "Output/Times.swift",
                "Receipt.swift", "ReceiptVerification.swift",
            ], ["PenstockCore", "PenstockCrypto", "PenstockHTTP", "PenstockProto", "PenstockNode", argumentParser]
        ),
    ]
    for target in package.targets {
        guard let part = decoders[target.name] else { continue }
        (target.sources, target.dependencies) = (part.sources, part.dependencies)
    }
    package.targets.append(
        .executableTarget(
            name: "penstock-fuzz", dependencies: ["PenstockFuzz"], path: "Tests/Fuzz/Driver",
            swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]))
}
