// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// Of the released program: with Swift's libraries in it, there is little for the loader to bind at each start. What
/// Foundation's static library needs has to be named. Symbols, which are left out, are a third of the file.
let released: [LinkerSetting] = [
    .unsafeFlags(
        ["-static-stdlib", "-Xlinker", "-s"]
            + [
                "Foundation", "CoreFoundation", "FoundationInternationalization", "FoundationEssentials",
                "_FoundationCShims", "_FoundationCollections", "_FoundationICU", "swiftSynchronization", "stdc++",
            ].map { "-l\($0)" },
        .when(configuration: .release))
]

/// Generated protobuf code is not ours to style: it keeps the language mode and drops the rest.
let generated: [SwiftSetting] = [.swiftLanguageMode(.v6)]

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")

let package = Package(
    name: "penstock",
    products: [
        .executable(name: "penstock", targets: ["penstock"]),
        .executable(name: "penstock-simulator", targets: ["penstock-simulator"]),
        .library(name: "PenstockEnforcer", targets: ["PenstockEnforcer", "PenstockGatekeeper"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
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

        // The text of foreign values, as doors, files and the gateway read it.
        .target(name: "PenstockJSON", swiftSettings: strict),

        // System libraries, each imported by exactly one target.
        .systemLibrary(name: "CZeroMQ", pkgConfig: "libzmq", providers: [.apt(["libzmq3-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CFileSystem"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

        .target(name: "PenstockCrypto", dependencies: ["COpenSSL", "CSodium", "PenstockCore"], swiftSettings: strict),
        .target(
            name: "PenstockIdentity", dependencies: ["PenstockCore", "PenstockCrypto"], swiftSettings: strict),
        .target(name: "PenstockProto", dependencies: [protobuf], exclude: ["penstock.proto"], swiftSettings: generated),
        .target(
            name: "PenstockWire", dependencies: ["PenstockCore", "PenstockProto", protobuf], swiftSettings: strict),
        .target(name: "PenstockSystem", dependencies: ["PenstockCore"], swiftSettings: strict),
        .target(
            name: "PenstockStore",
            dependencies: ["PenstockCore", "PenstockSystem", "CFileSystem", "CZlib", grdb, grdbSQLite],
            swiftSettings: strict),
        .target(name: "PenstockJournal", dependencies: ["PenstockCore"], swiftSettings: strict),
        .target(
            name: "PenstockTransport", dependencies: ["CZeroMQ", "PenstockCore", "PenstockSystem"],
            swiftSettings: strict),

        // The port between whoever asks and whoever decides.
        .target(name: "PenstockGatekeeper", dependencies: ["PenstockCore"], swiftSettings: strict),

        // The shells.
        .target(
            name: "PenstockNode",
            dependencies: [
                "PenstockCore", "PenstockJSON", "PenstockCrypto", "PenstockProto", "PenstockWire", "PenstockSystem",
                "PenstockTransport", protobuf, yams,
            ],
            swiftSettings: strict),
        .target(
            name: "PenstockLedger",
            dependencies: [
                "PenstockCore", "PenstockCrypto", "PenstockProto", "PenstockWire", "PenstockStore", "PenstockSystem",
                "PenstockTransport", "PenstockNode", protobuf, logging, lifecycle,
            ],
            swiftSettings: strict),
        .target(
            name: "PenstockEnforcer",
            dependencies: [
                "CMalloc", "PenstockCore", "PenstockCrypto", "PenstockProto", "PenstockWire", "PenstockSystem",
                "PenstockGatekeeper", "PenstockJournal",
                "PenstockTransport", "PenstockNode", protobuf, logging,
            ],
            swiftSettings: strict),
        .target(
            name: "PenstockHTTP",
            dependencies: [
                "PenstockCore", "PenstockJSON", "PenstockGatekeeper", "PenstockCrypto", "PenstockIdentity",
                "PenstockSystem",
                hummingbird, nioSSL, logging, lifecycle,
            ],
            swiftSettings: strict),
        .target(
            name: "PenstockGateway",
            dependencies: [
                "PenstockCore", "PenstockJSON", "PenstockGatekeeper", "PenstockHTTP", "PenstockNode", "PenstockSystem",
                logging, yams,
            ],
            swiftSettings: strict),
        .target(
            name: "PenstockBench",
            dependencies: [
                "PenstockCore", "PenstockStore", "PenstockCrypto", "PenstockProto", "PenstockSystem",
                "PenstockTransport", "PenstockNode", "PenstockLedger", "PenstockEnforcer",
            ],
            swiftSettings: strict),
        // What is read and proved of a log afterwards: audit, backup, verification, receipts.
        .target(
            name: "PenstockEvidence",
            dependencies: [
                "PenstockCore", "PenstockCrypto", "PenstockProto", "PenstockWire", "PenstockStore", "PenstockSystem",
                "PenstockNode", "PenstockLedger", protobuf,
            ],
            swiftSettings: strict),
        .target(
            name: "PenstockConsole",
            dependencies: [
                "PenstockCore", "PenstockJSON", "PenstockCrypto", "PenstockProto", "PenstockWire", "PenstockStore",
                "PenstockSystem", "PenstockTransport", "PenstockNode", "PenstockLedger", "PenstockEvidence",
                "PenstockEnforcer", "PenstockGatekeeper", "PenstockIdentity", "PenstockHTTP", "PenstockGateway",
                "PenstockBench", "PenstockSimulator",
                argumentParser, protobuf, logging, lifecycle,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "penstock", dependencies: ["PenstockConsole"], swiftSettings: strict, linkerSettings: released,
            plugins: ["StampPlugin"]),
        .plugin(name: "StampPlugin", capability: .buildTool(), path: "Sources/StampPlugin", exclude: ["stamp.sh"]),

        .testTarget(name: "PenstockCoreTests", dependencies: ["PenstockCore"], swiftSettings: strict),
        .testTarget(name: "PenstockJSONTests", dependencies: ["PenstockJSON"], swiftSettings: strict),
        .testTarget(
            name: "PenstockCryptoTests", dependencies: ["PenstockCrypto", "PenstockCore"], exclude: ["verify_proof.py"],
            swiftSettings: strict),
        .testTarget(
            name: "PenstockIdentityTests", dependencies: ["PenstockIdentity", "PenstockCore", "PenstockCrypto"],
            swiftSettings: strict),
        .testTarget(
            name: "PenstockWireTests", dependencies: ["PenstockWire", "PenstockProto", "PenstockCore", protobuf],
            exclude: ["Golden"], swiftSettings: strict),
        .testTarget(
            name: "PenstockSystemTests", dependencies: ["PenstockSystem", "PenstockCore"], swiftSettings: strict),
        .testTarget(
            name: "PenstockStoreTests", dependencies: ["PenstockStore", "PenstockSystem", "PenstockCore", grdb],
            swiftSettings: strict),
        .testTarget(
            name: "PenstockJournalTests", dependencies: ["PenstockJournal", "PenstockSystem"], swiftSettings: strict),
        .testTarget(
            name: "PenstockTransportTests", dependencies: ["PenstockTransport", "PenstockSystem"],
            swiftSettings: strict),
        // A gatekeeper and threads for the tests of several targets.
        .target(
            name: "PenstockTestSupport",
            dependencies: ["PenstockCore", "PenstockGatekeeper", "PenstockHTTP", "PenstockSystem", logging],
            path: "Tests/Support",
            swiftSettings: strict),
        .testTarget(
            name: "PenstockNodeTests",
            dependencies: [
                "PenstockNode", "PenstockCore", "PenstockProto", "PenstockWire", "PenstockTestSupport", protobuf,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "PenstockEnforcerTests",
            dependencies: [
                "PenstockEnforcer", "PenstockGatekeeper", "PenstockSystem", "PenstockNode", "PenstockCore",
                "PenstockTestSupport",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "PenstockHTTPTests",
            dependencies: [
                "PenstockHTTP", "PenstockGatekeeper", "PenstockIdentity", "PenstockJSON", "PenstockCore",
                "PenstockSystem", "PenstockTestSupport", lifecycle,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "PenstockGatewayTests",
            dependencies: [
                "PenstockGateway", "PenstockGatekeeper", "PenstockJSON", "PenstockCore", "PenstockSystem",
                "PenstockTestSupport",
            ],
            swiftSettings: strict),

        // What the guides say of the code, held against the code.
        .testTarget(
            name: "PenstockGuideTests", dependencies: ["PenstockCore", "PenstockEnforcer", "PenstockGatekeeper"],
            swiftSettings: strict),

        .testTarget(
            name: "PenstockLedgerTests",
            dependencies: [
                "PenstockLedger", "PenstockNode", "PenstockSystem", "PenstockTransport", "PenstockWire",
                "PenstockProto", "PenstockCrypto", "PenstockCore", "PenstockTestSupport", protobuf,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "PenstockEvidenceTests",
            dependencies: [
                "PenstockEvidence", "PenstockNode", "PenstockProto", "PenstockCrypto", "PenstockCore", protobuf,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "PenstockConsoleTests",
            dependencies: [
                "PenstockConsole", "PenstockEvidence", "PenstockWire", "PenstockProto", "PenstockTransport",
                "PenstockNode", "PenstockCore", argumentParser, protobuf,
            ],
            swiftSettings: strict),

        // Every decoder that meets foreign bytes, with laws: tests replay its corpora, cluster/fuzz grows them.
        .target(
            name: "PenstockFuzz",
            dependencies: [
                "PenstockCore", "PenstockJSON", "PenstockCrypto", "PenstockProto", "PenstockWire", "PenstockTransport",
                "PenstockNode", "PenstockGatekeeper", "PenstockHTTP", "PenstockGateway", "PenstockEvidence",
                "PenstockConsole", protobuf,
            ],
            path: "Tests/Fuzz/Targets", swiftSettings: strict),
        .testTarget(
            name: "PenstockFuzzTests", dependencies: ["PenstockFuzz", "PenstockSystem"], swiftSettings: strict),
    ]
)

// cluster/fuzz sets this, and builds one executable with libFuzzer's `main`. Of the shells it takes the decoders alone,
// so that neither the HTTP server nor the store has to be built for it.
if Context.environment["PENSTOCK_FUZZ"] != nil {
    let decoders: [String: (sources: [String], dependencies: [Target.Dependency])] = [
        "PenstockHTTP": (
            [
                "AskedPaths.swift", "EvaluationCodec.swift", "EvaluationCodec+Attributes.swift",
                "EvaluationCodec+Decision.swift", "EvaluationCodec+Members.swift", "EvaluationCodec+Question.swift",
                "EventStreamParser.swift", "HTTPLimits.swift", "Hashing.swift", "TraceParent.swift",
            ], ["PenstockCore", "PenstockJSON", "PenstockGatekeeper"]
        ),
        "PenstockConsole": (
            [
                "GrantConfirmation.swift", "GrantFile.swift", "GrantFile+Grant.swift", "Output/DurationText.swift",
                "Output/Forms.swift",
                "Output/RateText.swift",
            ], ["PenstockCore", "PenstockJSON", "PenstockCrypto", "PenstockSystem", "PenstockNode", argumentParser]
        ),
        "PenstockEvidence": (
            ["BarrierView.swift", "Receipt.swift", "ReceiptVerification.swift"],
            ["PenstockCore", "PenstockCrypto", "PenstockProto", "PenstockNode"]
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
